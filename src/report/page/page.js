// Draws the charts of a profile's page from the JSON in it. No library, no network; names reach the
// page as text only, never as markup.
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const wall = Math.max(1, data.wall_ns);

/* ------------------------------------------------------------- elements */

function svg(parent, tag, attributes, text) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) {
        element.setAttribute(name, attributes[name]);
    }
    if (text !== undefined) {
        element.textContent = text;
    }
    parent.append(element);
    return element;
}

function html(parent, tag, text, name) {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = name || "";
    parent.append(element);
    return element;
}

/** An empty drawing as wide as its box, in CSS pixels. */
function drawing(box, height, label) {
    box.replaceChildren();
    const width = Math.max(240, box.clientWidth);
    const root = svg(box, "svg", {viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label});
    return {root, width};
}

/* --------------------------------------------------------------- numbers */

function digits(value) {
    const size = Math.abs(value);
    return value.toFixed(size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3);
}

function scaled(value, step, units) {
    let power = 0;
    while (power + 1 < units.length && Math.abs(value) >= step * 0.9995) {
        value /= step;
        power++;
    }
    return digits(value) + " " + units[power];
}

const time = ns => ns === 0 ? "0 s" : scaled(ns, 1000, ["ns", "µs", "ms", "s"]);
const bytes = count => scaled(count, 1000, ["B", "kB", "MB", "GB", "TB"]);
const percent = part => (100 * part).toFixed(part < 0.0995 && part > 0 ? 1 : 0) + " %";

/** About `count` round values from `low` to `high`. */
function ticks(low, high, count) {
    const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find(factor => factor * power >= rough) * power;
    const list = [];
    for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) {
        list.push(value);
    }
    return list;
}

/** The values 1, 2 and 5 of every power of ten in a range; over many powers the ones alone. */
function decades(low, high) {
    const list = [], steps = high / low > 1e4 ? [1] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
        list.push(...steps.map(step => step * 10 ** power).filter(value => value >= low && value <= high));
    }
    return list;
}

/* ---------------------------------------------------------------- colours */

const palette = [
    ["#3b73d1", "#5b8fe6"], ["#d9772b", "#e08a48"], ["#2a9a8a", "#3fb3a2"], ["#8b5fc4", "#a27fd6"],
    ["#c8475c", "#dd6b7d"], ["#5d8a2e", "#7ba84a"], ["#b08a12", "#c9a53a"], ["#a4407f", "#c0679f"],
    ["#4a90b8", "#66a9cf"], ["#8d6b55", "#a98a74"], ["#16697a", "#3f93a5"], ["#6a6fcf", "#8b90e0"],
    ["#c98a5f", "#d9a27e"], ["#7f4a4a", "#a86e6e"], ["#8f9a2c", "#b3bd50"]
].map(([light, dark]) => `light-dark(${light}, ${dark})`);
const stageNames = data.stages;
const waits = new Set(data.derived.stages.filter(stage => stage.waits).map(stage => stage.name));
const frames = new Set(data.derived.stages.filter(stage => stage.frames).map(stage => stage.name));
// Each stage that works has a colour of its own; what a run spends most on comes first.
const order = ["decode", "encode", "compute", "write", "read", "build kernels", "plan", "submit", "header", "metadata"];
const working = stageNames.filter(name => !name.startsWith("wait") && !frames.has(name));
const coloured = [...order, ...working.filter(name => !order.includes(name))];
const colourOfStage = name => name.startsWith("wait") ? "var(--wait)" : frames.has(name) ? "var(--frame)"
    : palette[coloured.indexOf(name) % palette.length];
const kernelColours = ["#1f8f63", "#3aa5a0", "#6b8f1f", "#2f7fa8", "#96902a", "#4f6fb5", "#7a5fa8"]
    .map(colour => `light-dark(${colour}, color-mix(in srgb, ${colour} 78%, white))`);
const commandNames = data.commands.names;
const colourOfCommand = index => commandNames[index].kind === "upload" ? "light-dark(#7c8fa6, #8fa3bb)"
    : commandNames[index].kind === "readback" ? "light-dark(#a58b9c, #b59fb0)"
    : kernelColours[index % kernelColours.length];

document.querySelectorAll("[data-stage]").forEach(swatch => {
    swatch.style.background = colourOfStage(swatch.dataset.stage);
});
document.querySelectorAll("[data-command]").forEach(swatch => {
    swatch.style.background = colourOfCommand(+swatch.dataset.command);
});

function legend(box, entries) {
    const list = html(box, "div", "", "legend");
    for (const [name, colour] of entries) {
        const entry = html(list, "span", "");
        html(entry, "i", "").style.background = colour;
        entry.append(name);
    }
}

/* ---------------------------------------------------------------- tooltip */

const tip = html(document.body, "div", "");
tip.id = "tip";
tip.hidden = true;

function showTip(event, text) {
    tip.textContent = text;
    tip.hidden = false;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const top = event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18;
    tip.style.left = left + "px";
    tip.style.top = top + "px";
}

function explain(element, text) {
    element.classList.add("hit");
    element.addEventListener("pointermove", event => showTip(event, text()));
    element.addEventListener("pointerleave", () => { tip.hidden = true; });
}

/* --------------------------------------------------------------- timeline */

/** Commands of a device and a kind in as few rows as they need not to overlap. */
function deviceTracks() {
    const tracks = [], devices = data.commands.devices;
    data.commands.rows.forEach((row, place) => {
        const [index, , , start, end] = row;
        const kind = commandNames[index].kind, device = devices ? devices[place] : 0;
        const fits = other => other.kind === kind && other.device === device;
        let track = tracks.find(other => fits(other) && other.end <= start);
        if (!track) {
            const number = tracks.filter(fits).length;
            const name = (devices ? `device ${device + 1}: ` : "device: ") + kind + "s" + (number ? " " + (number + 1) : "");
            track = {kind, device, name, items: []};
            tracks.push(track);
        }
        track.end = end;
        track.items.push({start, end, depth: 0, colour: colourOfCommand(index), text: () =>
            (devices ? data.derived.devices[device].name + "\n" : "") +
            `${commandNames[index].name}${row[10] ? " (first launch)" : ""}\n${time(end - start)} at ${time(start)}\n` +
            (row[8] === null ? "without pictures" : `batch ${row[8]}, ${row[9]} pictures`) + `, queued ${time(start - row[1])} before` +
            (row[5] + row[6] ? `\n${bytes(row[5] + row[6])}, ${digits((row[5] + row[6]) / Math.max(1, end - start))} GB/s` : "")});
    });
    return tracks.sort((a, b) => a.name < b.name ? -1 : 1);
}

function threadTracks() {
    return data.threads.map(thread => ({name: thread.name, items: thread.spans.map(([stage, depth, start, end, image]) => ({
        start, end, depth, colour: colourOfStage(stageNames[stage]), text: () =>
            `${stageNames[stage]}\n${time(end - start)} at ${time(start)}` + (image === null ? "" : `\nimage ${image}`)
    }))}));
}

function gaugeTracks() {
    return data.gauges.filter(gauge => gauge.readings.length > 1 && gauge.peak > 0)
        .map(gauge => ({name: gauge.name, gauge}));
}

function timeline() {
    const box = byId("timeline"), range = byId("timeline-range");
    const tracks = [...threadTracks(), ...deviceTracks(), ...gaugeTracks()];
    const left = 150, rowHeight = 24, gap = 5, top = 22;
    const height = top + tracks.length * (rowHeight + gap);
    // Behind this, nothing is there one by one.
    const kept = Math.min(wall, data.kept_until || wall);
    let from = 0, to = kept, dragged = null;

    function drawItems(root, track, y, x) {
        const reached = [];
        for (const item of track.items) {
            if (item.end < from || item.start > to) {
                continue;
            }
            const a = Math.max(left, x(item.start)), b = Math.min(x(item.end), x(to));
            // What is thinner than a pixel and beside another such is not drawn again.
            if (b - a < 0.6 && b <= (reached[item.depth] || 0) + 0.4) {
                continue;
            }
            reached[item.depth] = b;
            const inset = Math.min(item.depth * 8, 16);
            explain(svg(root, "rect", {x: a, y: y + inset, width: Math.max(0.8, b - a), height: rowHeight - inset,
                rx: b - a > 6 ? 2 : 0, fill: item.colour}), item.text);
        }
    }

    function drawGauge(root, track, y, x) {
        const {readings, peak} = track.gauge;
        let path = "", last = 0;
        for (const [at, value] of readings) {
            if (at > to) {
                break;
            }
            const level = y + rowHeight - rowHeight * value / peak;
            path += at < from ? "" : `H${x(at)}V${level}`;
            last = level;
            if (at < from) {
                path = `M${left},${level}`;
            }
        }
        path = (path.startsWith("M") ? "" : `M${left},${y + rowHeight}`) + path +
            `H${x(Math.max(from, Math.min(to, kept)))}V${y + rowHeight}H${left}Z`;
        explain(svg(root, "path", {d: path, fill: "var(--accent)", "fill-opacity": .35, stroke: "var(--accent)"}),
            () => `${track.name}\nat most ${track.name.includes("bytes") ? bytes(peak) : peak}`);
        return last;
    }

    function draw() {
        const {root, width} = drawing(box, height, "Timeline of threads and device queues");
        const x = ns => left + (ns - from) / (to - from) * (width - left);
        for (const tick of ticks(from, to, width / 130)) {
            svg(root, "line", {x1: x(tick), x2: x(tick), y1: top - 6, y2: height, class: "grid"});
            svg(root, "text", {x: x(tick), y: 11, "text-anchor": "middle"}, time(tick));
        }
        tracks.forEach((track, index) => {
            const y = top + index * (rowHeight + gap);
            svg(root, "rect", {x: left, y, width: width - left, height: rowHeight, class: "track"});
            svg(root, "text", {x: left - 10, y: y + 16, "text-anchor": "end", class: "strong"}, track.name);
            (track.gauge ? drawGauge : drawItems)(root, track, y, x);
        });
        range.textContent = `${time(from)} to ${time(to)}`;
        root.addEventListener("pointerdown", event => startDrag(event, root, width));
        root.addEventListener("wheel", event => {
            if (event.ctrlKey || event.shiftKey) {
                event.preventDefault();
                zoom(event.deltaY + event.deltaX < 0 ? 0.7 : 1 / 0.7, toTime(event, root, width));
            }
        }, {passive: false});
    }

    function toTime(event, root, width) {
        const place = event.clientX - root.getBoundingClientRect().left;
        return from + Math.min(1, Math.max(0, (place - left) / (width - left))) * (to - from);
    }

    function show(start, end) {
        const length = Math.min(wall, Math.max(1000, end - start));
        from = Math.min(Math.max(0, start), wall - length);
        to = from + length;
        draw();
    }

    function zoom(factor, around) {
        const middle = around === undefined ? (from + to) / 2 : around;
        show(middle - (middle - from) * factor, middle + (to - middle) * factor);
    }

    function startDrag(event, root, width) {
        const start = toTime(event, root, width);
        const brush = svg(root, "rect", {y: top - 6, height: height - top + 6, width: 0, class: "brush"});
        const x = ns => left + (ns - from) / (to - from) * (width - left);
        root.setPointerCapture(event.pointerId);
        dragged = {start, end: start};
        root.onpointermove = move => {
            dragged.end = toTime(move, root, width);
            brush.setAttribute("x", x(Math.min(start, dragged.end)));
            brush.setAttribute("width", Math.abs(x(dragged.end) - x(start)));
        };
        root.onpointerup = () => {
            root.onpointermove = root.onpointerup = null;
            brush.remove();
            if (Math.abs(x(dragged.end) - x(start)) > 4) {
                show(Math.min(start, dragged.end), Math.max(start, dragged.end));
            }
        };
    }

    const shift = part => show(from + part * (to - from), to + part * (to - from));
    byId("timeline-in").onclick = () => zoom(0.5);
    byId("timeline-out").onclick = () => zoom(2);
    byId("timeline-left").onclick = () => shift(-0.3);
    byId("timeline-right").onclick = () => shift(0.3);
    byId("timeline-all").onclick = () => show(0, wall);
    const used = new Set(data.threads.flatMap(thread => thread.tree.slice(1).map(node => stageNames[node[0]])));
    const entries = [...used].filter(name => !name.startsWith("wait")).map(name => [name, colourOfStage(name)]);
    if (waits.size) {
        entries.push(["waiting", "var(--wait)"]);
    }
    legend(box.parentNode, [...entries, ...commandNames.map((entry, index) => [entry.name, colourOfCommand(index)])]);
    draw();
    return draw;
}

/* ---------------------------------------------------------------- kernels */

function kernelBars() {
    const box = byId("kernel-bars"), rows = data.derived.commands;
    // A first launch lasts from being queued: the driver may compile before it starts.
    const steadyOf = row => row.mean_ns * (row.calls - row.first_calls), lengthOf = row => steadyOf(row) + row.first_ns;
    const left = 190, step = 26, most = Math.max(1, ...rows.map(lengthOf));
    const {root, width} = drawing(box, rows.length * step + 4, "Total time per kernel and transfer");
    rows.forEach((row, index) => {
        const y = index * step, x = ns => ns / most * (width - left - 90);
        const name = row.name.length > 26 ? row.name.slice(0, 25) + "…" : row.name;
        svg(root, "text", {x: left - 10, y: y + 15, "text-anchor": "end", class: "strong"}, name);
        const steady = steadyOf(row);
        explain(svg(root, "rect", {x: left, y: y + 3, width: Math.max(1, x(steady)), height: 17, rx: 2, fill: colourOfCommand(index)}),
            () => `${row.name}\n${row.calls - row.first_calls} calls, ${time(steady)}`);
        if (row.first_ns) {
            explain(svg(root, "rect", {x: left + x(steady), y: y + 3, width: Math.max(1, x(row.first_ns)), height: 17, rx: 2,
                fill: colourOfCommand(index), "fill-opacity": .35}),
                () => `${row.name}\n${row.first_calls} first launches, ${time(row.first_ns)}`);
        }
        svg(root, "text", {x: left + x(lengthOf(row)) + 8, y: y + 15}, time(lengthOf(row)));
    });
}

/** Durations without first launches, and how many launches took each: of all, where all are kept. */
function durationsOf(index) {
    if (data.sums) {
        return data.sums.commands.find(sums => sums.name === index).histogram;
    }
    return data.commands.rows.filter(command => command[0] === index && !command[10])
        .map(command => [command[4] - command[3], 1]);
}

/** One histogram per kernel over the logarithm of durations, since a few launches take far longer than the
 * others; the median is marked. */
function distributions() {
    const box = byId("distributions");
    box.replaceChildren();
    data.derived.commands.forEach((row, index) => {
        const values = durationsOf(index), calls = values.reduce((sum, [, launches]) => sum + launches, 0);
        if (calls < 2) {
            return;
        }
        const cell = html(box, "div", "");
        const {root, width} = drawing(cell, 96, "Distribution of " + row.name);
        const low = Math.max(1, row.min_ns), span = Math.log(row.max_ns / low) || 1;
        const part = ns => Math.log(Math.max(low, ns) / low) / span, border = share => time(low * Math.exp(span * share));
        const count = Math.max(8, Math.min(32, Math.ceil(2 * Math.sqrt(calls))));
        const bins = new Array(count).fill(0);
        values.forEach(([value, launches]) => {
            bins[Math.max(0, Math.min(count - 1, Math.floor(part(value) * count)))] += launches;
        });
        const most = Math.max(...bins), step = width / count;
        svg(root, "text", {x: 0, y: 12, class: "strong"}, row.name);
        bins.forEach((launches, bin) => {
            if (launches) {
                const height = Math.max(1.5, 50 * launches / most);
                explain(svg(root, "rect", {x: bin * step + 0.5, y: 76 - height, width: step - 1, height, fill: colourOfCommand(index)}),
                    () => `${launches} launches of ${border(bin / count)} to ${border((bin + 1) / count)}`);
            }
        });
        svg(root, "line", {x1: 0, x2: width, y1: 76, y2: 76, class: "axis"});
        const middle = part(row.p50_ns) * width;
        svg(root, "line", {x1: middle, x2: middle, y1: 20, y2: 80, class: "median"});
        svg(root, "text", {x: 0, y: 92}, time(low));
        svg(root, "text", {x: width / 2, y: 92, "text-anchor": "middle"}, "logarithmic");
        svg(root, "text", {x: width, y: 92, "text-anchor": "end"}, time(row.max_ns));
        svg(root, "text", {x: width, y: 12, "text-anchor": "end"}, "median " + time(row.p50_ns));
    });
}

/* --------------------------------------------------------------- roofline */

function roofline() {
    const box = byId("roofline");
    const points = data.derived.commands.filter(row => row.kind === "kernel" && row.bytes && row.operations);
    // Of several devices, the fastest one's.
    const copy = +data.environment["copy bytes/s"] || Math.max(0, ...(data.devices || []).map(device => device.copy_bytes_per_second));
    if (!points.length) {
        box.replaceChildren();
        html(box, "p", "No kernel with known bytes and operations was recorded.");
        return;
    }
    const intensity = row => row.operations / row.bytes;
    const height = 260, left = 62, bottom = 38;
    const {root, width} = drawing(box, height, "Roofline");
    const xs = points.map(intensity), ys = points.map(row => row.operations_per_second);
    const lowX = Math.min(...xs) / 3, highX = Math.max(...xs) * 3;
    if (copy) {
        ys.push(copy * lowX, copy * highX);
    }
    const lowY = Math.min(...ys) / 2, highY = Math.max(...ys) * 2;
    const x = value => left + Math.log(value / lowX) / Math.log(highX / lowX) * (width - left - 10);
    const y = value => height - bottom - Math.log(value / lowY) / Math.log(highY / lowY) * (height - bottom - 28);
    for (const tick of decades(lowX, highX)) {
        svg(root, "line", {x1: x(tick), x2: x(tick), y1: 28, y2: height - bottom, class: "grid"});
        svg(root, "text", {x: x(tick), y: height - bottom + 15, "text-anchor": "middle"}, +tick.toPrecision(1));
    }
    for (const tick of decades(lowY, highY)) {
        svg(root, "line", {x1: left, x2: width - 10, y1: y(tick), y2: y(tick), class: "grid"});
        svg(root, "text", {x: left - 6, y: y(tick) + 4, "text-anchor": "end"}, scaled(tick, 1000, ["", "k", "M", "G", "T"]).replace(/\.0+ /, " "));
    }
    svg(root, "text", {x: (left + width) / 2, y: height - 4, "text-anchor": "middle"}, "multiply-adds per byte");
    svg(root, "text", {x: 0, y: 10}, "multiply-adds per second");
    if (copy) {
        svg(root, "path", {class: "roof", d: `M${x(lowX)},${y(copy * lowX)}L${x(highX)},${y(copy * highX)}`});
        svg(root, "text", {x: x(lowX) + 14, y: y(copy * lowX) + 14}, `copy, ${bytes(copy)}/s`);
    } else {
        html(box, "p", "The device's copy bandwidth was not measured, so there is no roof to compare with.");
    }
    const labels = [], dots = points.map(row => ({x: x(intensity(row)), y: y(row.operations_per_second)}));
    data.derived.commands.forEach((row, index) => {
        if (points.includes(row)) {
            explain(svg(root, "circle", {cx: x(intensity(row)), cy: y(row.operations_per_second), r: 7, fill: colourOfCommand(index)}),
                () => `${row.name}\n${digits(intensity(row))} multiply-adds per byte\n${bytes(row.bytes_per_second)}/s` +
                    (row.share_of_copy ? `, ${percent(row.share_of_copy)} of a copy` : ""));
            // Beside the point, else below or above it; a label without a free place is left to the
            // tooltip. Heavier kernels come first.
            const size = row.name.length * 6.4, middle = x(intensity(row)), level = y(row.operations_per_second) + 4;
            const free = place => place.at >= left && place.at + size <= width && place.above < height - bottom - 2 &&
                !labels.some(other => Math.abs(other.above - place.above) < 13 && place.at < other.at + other.size && other.at < place.at + size) &&
                !dots.some(dot => Math.abs(dot.y + 4 - place.above) < 11 && place.at < dot.x + 8 && dot.x - 8 < place.at + size);
            const label = [{at: middle + 11, above: level}, {at: middle - 11 - size, above: level},
                {at: middle - size / 2, above: level + 17}, {at: middle - size / 2, above: level - 15}].find(free);
            if (label) {
                labels.push({...label, size});
                svg(root, "text", {x: label.at, y: label.above, class: "strong"}, row.name);
            }
        }
    });
}

/* ------------------------------------------------------------ flame graph */

/** All threads of a kind ("decode 1", "decode 2") together, then the device. */
function flameTree() {
    const root = {name: "all threads and the device", value: 0, colour: "var(--wait)", children: []};
    const child = (parent, name, colour) => {
        let found = parent.children.find(other => other.name === name);
        if (!found) {
            found = {name, value: 0, colour, children: []};
            parent.children.push(found);
        }
        return found;
    };
    for (const thread of data.threads) {
        const kind = child(root, thread.name.replace(/ *\d+$/, ""), "light-dark(#8793a3, #5d6978)");
        const places = [kind];
        thread.tree.slice(1).forEach(([stage, parent, , total]) => {
            const place = child(places[parent], stageNames[stage], colourOfStage(stageNames[stage]));
            place.value += total;
            places.push(place);
            if (parent === 0) {
                kind.value += total;
                root.value += total;
            }
        });
    }
    if (data.derived.commands.length) {
        const device = child(root, "OpenCL device", "light-dark(#8793a3, #5d6978)");
        data.derived.commands.forEach((row, index) => {
            child(device, row.name, colourOfCommand(index)).value += row.total_ns;
            device.value += row.total_ns;
            root.value += row.total_ns;
        });
    }
    return root;
}

function flame() {
    const box = byId("flame"), tree = flameTree(), step = 24;
    const depthOf = node => 1 + Math.max(0, ...node.children.map(depthOf));
    const parents = new Map();
    (function link(node) {
        node.children.sort((a, b) => b.value - a.value);
        node.children.forEach(child => { parents.set(child, node); link(child); });
    })(tree);
    let top = tree;

    function draw() {
        const {root, width} = drawing(box, depthOf(tree) * step, "Flame graph");
        const path = [];
        for (let node = top; node; node = parents.get(node)) {
            path.unshift(node);
        }
        const bar = (node, x, y, size) => {
            if (size < 0.5) {
                return;
            }
            const group = svg(root, "g", {});
            const pale = node.colour.startsWith("var(");
            svg(group, "rect", {x, y, width: Math.max(0.5, size - 1), height: step - 2, rx: 3, fill: node.colour});
            const shown = `${node.name}  ${percent(node.value / (tree.value || 1))}`;
            const label = shown.length * 6.6 < size - 10 ? shown : node.name.length * 6.8 < size - 10 ? node.name : "";
            svg(group, "text", {x: x + 6, y: y + 15, class: pale ? "strong" : "on"}, label);
            explain(group, () => `${node.name}\n${time(node.value)}, ${percent(node.value / (tree.value || 1))} of all`);
            group.addEventListener("click", () => { top = node; tip.hidden = true; draw(); });
        };
        path.forEach((node, depth) => bar(node, 0, depth * step, width));
        (function lay(node, x, depth) {
            for (const child of node.children) {
                const size = child.value / (top.value || 1) * width;
                bar(child, x, depth * step, size);
                lay(child, x, depth + 1);
                x += size;
            }
        })(top, 0, path.length);
    }

    byId("flame-all").onclick = () => { top = tree; draw(); };
    draw();
    return draw;
}

/* ----------------------------------------------------------------- memory */

function memory() {
    const box = byId("memory-line"), points = data.memory_line;
    if (points.length < 2) {
        box.replaceChildren();
        html(box, "p", data.environment["merged profiles"] ? "Of merged profiles no common memory over time is known."
            : "The run was too short to see memory over time.");
        return;
    }
    const height = 220, left = 62, bottom = 22;
    const {root, width} = drawing(box, height, "Memory over time");
    const sums = points.map(point => point.slice(2).reduce((sum, value) => sum + value, 0));
    const most = Math.max(1, ...sums, ...points.map(point => point[1]));
    const x = ns => left + ns / wall * (width - left - 6);
    const y = value => height - bottom - value / most * (height - bottom - 10);
    for (const tick of ticks(0, most, 6)) {
        svg(root, "line", {x1: left, x2: width - 6, y1: y(tick), y2: y(tick), class: "grid"});
        svg(root, "text", {x: left - 8, y: y(tick) + 4, "text-anchor": "end"}, bytes(tick));
    }
    for (const tick of ticks(0, wall, width / 150)) {
        svg(root, "text", {x: x(tick), y: height - 6, "text-anchor": "middle"}, time(tick));
    }
    /* What is read is held until the next reading. */
    const steps = values => values.flatMap((value, i) => [points[i][0], i + 1 < points.length ? points[i + 1][0] : wall]
        .map(moment => `${x(moment)},${y(value)}`));
    const base = points.map(() => 0), entries = [];
    data.memory.map((site, index) => ({site, index})).sort((a, b) => b.site.peak - a.site.peak).forEach(({site, index}, rank) => {
        if (!site.peak) {
            return;
        }
        const lower = steps(base);
        points.forEach((point, i) => { base[i] += point[2 + index]; });
        const upper = steps(base);
        const colour = palette[rank % palette.length];
        explain(svg(root, "path", {d: `M${upper.join("L")}L${lower.reverse().join("L")}Z`, fill: colour, "fill-opacity": .85}),
            () => `${site.site}\nat most ${bytes(site.peak)}, ${site.count} allocations`);
        if (site.peak > most / 100) {
            entries.push([`${site.site}, at most ${bytes(site.peak)}`, colour]);
        }
    });
    const device = steps(points.map(point => point[1])).join("L");
    if (points.some(point => point[1])) {
        svg(root, "path", {d: "M" + device, fill: "none", stroke: "var(--text)", "stroke-width": 1.5, "stroke-dasharray": "5 4"});
        entries.push(["device buffers (dashed)", "var(--text)"]);
    }
    legend(box, entries);
}

/* ---------------------------------------------------------------- sorting */

function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    const value = (row, column) => row.cells[column].dataset.v;
    heads.forEach((head, column) => {
        if (!head.textContent) {
            return;
        }
        head.tabIndex = 0;
        const sort = () => {
            // At first the largest figure is on top, or the name that comes first.
            const order = head.getAttribute("aria-sort"), rows = [...table.tBodies[0].rows];
            const rising = order ? order === "descending" : rows.some(row => value(row, column) === undefined);
            heads.forEach(other => other.removeAttribute("aria-sort"));
            head.setAttribute("aria-sort", rising ? "ascending" : "descending");
            rows.sort((a, b) => {
                const u = value(a, column), v = value(b, column);
                const difference = u !== undefined && v !== undefined ? u - v
                    : a.cells[column].textContent.localeCompare(b.cells[column].textContent);
                return rising ? difference : -difference;
            });
            table.tBodies[0].append(...rows);
        };
        head.addEventListener("click", sort);
        head.addEventListener("keydown", event => {
            if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                sort();
            }
        });
    });
}

/* ------------------------------------------------------------------ start */

byId("theme").onclick = () => {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.style.colorScheme || (dark ? "dark" : "light");
    root.style.colorScheme = now === "dark" ? "light" : "dark";
};
document.querySelectorAll("table.sortable").forEach(sortable);
const redraw = [timeline(), flame(), kernelBars, distributions, roofline, memory];
redraw.slice(2).forEach(draw => draw());
let pending = 0;
addEventListener("resize", () => {
    clearTimeout(pending);
    pending = setTimeout(() => redraw.forEach(draw => draw()), 120);
});
})();
