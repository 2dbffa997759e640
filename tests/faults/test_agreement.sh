#!/bin/sh
# Which files of a hostile corpus are taken: the same as libjpeg's own djpeg takes, whose warnings count
# as --fail-on says.
. "$(dirname "$0")/../cli/lib.sh"
have djpeg || skip "djpeg is not installed (Debian: libjpeg-turbo-progs)"
have python3 || skip "python3 is not installed"
corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}
[ -d "$corpus" ] || skip "no corpus at $corpus; name one in CLPROC_CORPUS"
clproc run "$corpus" -o out --resize 8x --device reference --progress json --limit-pixels 1000M \
    --limit-scans 10000
expect_code 1
python3 - "$corpus" "$err" <<'END' || fail "files were taken, or refused, unlike by djpeg"
import concurrent.futures, json, os, subprocess, sys
corpus, told = sys.argv[1:]
events = [json.loads(line) for line in open(told)]
failed = {e["input"]: e["message"] for e in events if e["type"] == "failed"}
# What --fail-on error takes
warned = ("extraneous bytes", "Unknown Adobe", "JFIF major", "ICC", "Invalid SOS parameters")
def lacks_only_its_end(path):
    """True if djpeg, which tells its first warning unless it is asked for all, has no other one."""
    done = subprocess.run(["djpeg", "-verbose", "-verbose", "-verbose", "-outfile", "/dev/null", path],
                          capture_output=True, timeout=60)
    said = done.stderr.decode("utf-8", "replace").splitlines()
    return not any("Corrupt JPEG data" in line and "extraneous bytes" not in line or
                   "Inconsistent progression" in line for line in said)
def judge(path):
    """What djpeg says: take, refuse, or either, where it tells only of a harmless thing that came first."""
    try:
        done = subprocess.run(["djpeg", "-outfile", "/dev/null", path], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return "slow", ""
    text = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.returncode == 0:
        return "take", ""
    if done.returncode == 2 and any(w in text[0] for w in warned):
        return "either", text[0]
    if done.returncode == 2 and "Premature end" in text[0] and lacks_only_its_end(path):
        return "either", text[0]
    return "refuse", text[0] if text else ""
jpegs = sorted(os.path.join(folder, name) for folder, _, names in os.walk(corpus) for name in names
               if open(os.path.join(folder, name), "rb").read(3) == b"\xff\xd8\xff")
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    verdicts = list(pool.map(judge, jpegs))
agreed, apart = 0, []
for path, (verdict, why) in zip(jpegs, verdicts):
    mine = "refuse" if path in failed else "take"
    harmless = any(w in failed.get(path, "") for w in warned)
    if verdict == mine or (verdict in ("either", "slow") and not harmless):
        agreed += 1
    else:
        apart.append(f"{os.path.relpath(path, corpus)}: djpeg would {verdict} it ({why}), clproc says {failed.get(path, 'good')}")
print("\n".join(apart))
assert not apart, f"{len(apart)} apart"
print(f"verify: T13 JPEGs taken as by djpeg: tried {len(jpegs)}, survived {agreed}")
END
