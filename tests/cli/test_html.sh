# The page of a real run, opened in a browser: its tables are read, a column sorted, the timeline
# zoomed, the flame graph entered, and no script error may happen. In light and dark. On a phone's
# width no section is wider than the page.
. "$(dirname "$0")/lib.sh"

browser=
for name in chromium chromium-browser google-chrome; do
    if have "$name"; then
        browser=$name
        break
    fi
done
[ -n "$browser" ] || skip "no Chromium to open the page with"

clproc run "$images" -o out --resize 200x --existing replace --report run.html --report run.json
[ -s run.html ] || fail "no page was written"
clproc report html run.json -o again.html
expect_code 0
cmp -s run.html again.html || fail "a page made from the stored report differs"

# The probe runs after the page's own script and leaves what it saw in the document.
cat >probe.html <<'PROBE'
<script>
const seen = {errors: window.failures};
try {
const rows = id => [...document.querySelectorAll(`#${id} tbody tr`)].map(row => row.cells[0].textContent);
seen.kernels = rows("kernels");
seen.hotspots = rows("hotspots");
const calls = document.querySelectorAll("#hotspots th")[1];
const numbers = () => [...document.querySelectorAll("#hotspots tbody tr")].map(row => +row.cells[1].dataset.v);
const ordered = (list, sign) => list.every((value, i) => i === 0 || sign * (list[i - 1] - value) >= 0);
calls.click();
seen.falling = ordered(numbers(), 1);
calls.click();
seen.rising = ordered(numbers(), -1);
const names = calls.previousElementSibling, alphabet = [...rows("hotspots")].sort((a, b) => a.localeCompare(b)).join();
names.click();
seen.named = names.getAttribute("aria-sort") === "ascending" && rows("hotspots").join() === alphabet;
names.click();
seen.backwards = names.getAttribute("aria-sort") === "descending" && rows("hotspots").reverse().join() === alphabet;
const range = () => document.getElementById("timeline-range").textContent;
const shapes = () => document.querySelectorAll("#timeline svg .hit").length;
seen.whole = range();
seen.shapes = shapes();
document.getElementById("timeline-in").click();
seen.zoomed = range() !== seen.whole;
document.getElementById("timeline-all").click();
seen.back = range() === seen.whole && shapes() === seen.shapes;
const box = document.querySelector("#timeline svg"), edge = box.getBoundingClientRect();
box.setPointerCapture = () => {};
const pointer = (type, x) => box.dispatchEvent(new PointerEvent(type, {pointerId: 1, clientX: edge.left + x, clientY: edge.top + 40}));
pointer("pointerdown", 300);
pointer("pointermove", 500);
pointer("pointerup", 500);
seen.dragged = range() !== seen.whole;
const bars = () => document.querySelectorAll("#flame svg g").length;
seen.bars = bars();
document.querySelector("#flame svg g:nth-of-type(2)").dispatchEvent(new MouseEvent("click", {bubbles: true}));
seen.entered = bars() > 0 && bars() <= seen.bars;
document.querySelector("#timeline svg .hit").dispatchEvent(new PointerEvent("pointermove", {clientX: 400, clientY: 300}));
seen.tip = document.getElementById("tip").textContent.length > 3;
document.getElementById("theme").click();
seen.theme = document.documentElement.style.colorScheme;
document.body.style.width = "390px";
seen.narrow = [...document.querySelectorAll("header, section")].every(part => part.getBoundingClientRect().width <= 390);
seen.charts = ["kernel-bars", "memory-line"].map(id => document.querySelectorAll(`#${id} svg`).length);
} catch (error) {
    seen.errors.push(String(error));
}
const probe = document.createElement("pre");
probe.textContent = "PROBE " + JSON.stringify(seen) + " END";
document.body.append(probe);
</script>
PROBE

# A report's page $1 with the probe $2.
with_probe() {
    echo '<script>window.failures = []; onerror = text => { failures.push(String(text)); };</script>'
    sed '/<\/html>/d' "$1"
    cat "$2"
}
with_probe run.html probe.html >page.html

browse() {
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$scratch/browser" \
        --virtual-time-budget=5000 --window-size=1280,1600 "$@" "file://$PWD/page.html" 2>browser.err
}

expect_probe() {
    grep -q -e "$1" probe.txt || fail "the page should show $1, but: $(cat probe.txt)"
}

for scheme in 0 1; do
    browse --blink-settings=preferredColorScheme=$scheme --dump-dom >dom.txt || fail "$browser failed: $(tail -n 3 browser.err)"
    sed -n 's/.*PROBE \(.*\) END.*/\1/p' dom.txt | tail -n 1 >probe.txt
    [ -s probe.txt ] || fail "the probe did not run; script errors: $(tail -n 3 browser.err)"
    expect_probe '"errors":\[\]'
    expect_probe '"hotspots":\[.*"decode"'
    expect_probe '"kernels":\[".'
    for step in falling rising named backwards zoomed back dragged entered tip narrow; do
        expect_probe "\"$step\":true"
    done
    expect_probe '"charts":\[1,1\]'
done
if [ -n "${CLPROC_SCREENSHOT:-}" ]; then
    browse --screenshot="$CLPROC_SCREENSHOT" >/dev/null
fi

# A merged profile has no memory over time: its page says why, and says it once when it is drawn
# again.
clproc report merge run.json run.json -o merged.html
expect_code 0
cat >merged_probe.html <<'PROBE'
<script>
const told = () => document.getElementById("memory-line").textContent;
const seen = {errors: window.failures, told: told()};
dispatchEvent(new Event("resize"));
setTimeout(() => {
    seen.same = told() === seen.told;
    const probe = document.createElement("pre");
    probe.textContent = "PROBE " + JSON.stringify(seen) + " END";
    document.body.append(probe);
}, 500);
</script>
PROBE
with_probe merged.html merged_probe.html >page.html
browse --dump-dom >dom.txt || fail "$browser failed: $(tail -n 3 browser.err)"
sed -n 's/.*PROBE \(.*\) END.*/\1/p' dom.txt | tail -n 1 >probe.txt
expect_probe '"errors":\[\],"told":"[^"]*merged profiles[^"]*","same":true'
