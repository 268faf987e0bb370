// SPDX-License-Identifier: BSD-2-Clause
// The map of kept and dropped files: a treemap, and the same as a table below it.
import { hierarchy, treemap } from "d3-hierarchy";
import { entries, meta, packageNames, packageShort, bytes, count, many, percent, safe } from "./data.js";
import { $, el, inParts, broken } from "./dom.js";
import { showEntry } from "./detail.js";

// At most so many buttons, so many parts drawn in one, and none of fewer square pixels.
const GAP = 2, HEAD = 24, OUTER = 60, INNER = 400, SMALLEST = 180;
let em = 1; // how much larger than usual the reader's letters are

class Node {
	constructor(name, up, entry) {
		Object.assign(this, { name, up, entry, kids: new Map(), size: 0, kept: 0, files: 0, keptFiles: 0 });
	}
	value(part) { return part === "kept" ? this.kept : part === "dropped" ? this.size - this.kept : this.size; }
	// Of what is as large as nothing, links and devices, by number.
	get share() { return this.size ? 100 * this.kept / this.size : this.files ? 100 * this.keptFiles / this.files : 0; }
}

// The tree of some entries.
function grow(name, up, some) {
	const root = new Node(name, up, null), nodes = new Map([[0, root]]);
	const nodeOf = (e) => {
		const way = [];
		for (; !nodes.has(e.id); e = entries[e.parent]) way.push(e);
		let at = nodes.get(e.id);
		for (const d of way.reverse()) {
			const next = new Node(d.name, at, d);
			at.kids.set(d.id, next);
			nodes.set(d.id, next);
			at = next;
		}
		return at;
	};
	for (const e of some) {
		if (e.isDir) continue;
		for (let n = nodeOf(e); n !== up; n = n.up) {
			n.size += e.size;
			n.kept += e.kept;
			n.files++;
			n.keptFiles += e.stays;
		}
	}
	return root;
}

// What made a layer, without the words that all have.
function instruction(command) {
	const text = safe(command).replace(/^\/bin\/sh -c #\(nop\)\s+/, "").replace(/^\/bin\/sh -c /, "RUN ");
	return text.length > 120 ? `${text.slice(0, 119)}…` : text || "a layer without history";
}

// A tree of trees: of the entries with the same number, the number's name.
function group(name, numberOf, nameOf, shortOf = nameOf) {
	const root = new Node(name, null, null), groups = new Map();
	for (const e of entries) groups.get(numberOf(e))?.push(e) ?? groups.set(numberOf(e), [e]);
	for (const i of [...groups.keys()].sort((a, b) => a - b)) {
		const node = grow(nameOf(i), null, groups.get(i));
		if (!node.files) continue;
		node.up = root;
		node.short = shortOf(i);
		root.kids.set(i, node);
		for (const key of ["size", "kept", "files", "keptFiles"]) root[key] += node[key];
	}
	return root;
}

const trees = {};
const arrange = {
	dir: () => grow("/", null, entries),
	layer: () => group("all layers", (e) => e.layer, (i) => `${i}: ${instruction(meta.layers[i]?.command ?? "")}`),
	package: () => group("all packages", (e) => e.package, (i) => packageNames[i] ?? "of no package", (i) => packageShort[i] ?? "of no package"),
};
const tree = (by) => trees[by] ??= arrange[by]();

let at, part = "all";
const shownName = (node) => node.name + (node.entry && node.kids.size ? "/" : "");

// A directory with nothing but a directory in it is shown as one with that: "usr/lib".
function inmost(node) {
	let name = node.name;
	for (let kid; node.kids.size === 1 && node.entry && (kid = [...node.kids.values()][0]).kids.size; node = kid) name += `/${kid.name}`;
	return { node, name };
}
const kidsOf = (node) => [...node.kids.values()].map((n) => ({ node: n, value: n.value(part) }));
const bySize = (a, b) => b.value - a.value || (a.node?.name < b.node?.name ? -1 : 1);

// The largest, and one for all that would be too small to see in an area of so many square pixels.
function largest(node, max, area) {
	const all = kidsOf(node).filter((k) => k.value > 0).sort(bySize), least = SMALLEST * node.value(part) / area;
	const small = all.findIndex((k) => k.value < least), n = Math.min(small < 0 ? all.length : small, all.length <= max ? all.length : max - 1);
	if (all.length - n <= 1) return all;
	const rest = all.slice(n);
	return [...all.slice(0, n), { rest: rest.length, last: true, value: rest.reduce((s, k) => s + k.value, 0),
		kept: rest.reduce((s, k) => s + k.node.kept, 0), size: rest.reduce((s, k) => s + k.node.size, 0) }];
}

const verdict = (n) => n.kept === n.size && n.keptFiles ? "all of it stayed" : n.keptFiles ? `${bytes(n.kept)} of it stayed` : "none of it stayed";
const describe = (n) => `${n.name}${n.kids.size ? ", directory" : ""}, ${bytes(n.size)}, ${verdict(n)}`;
const shareOf = (d) => part === "kept" ? 100 : part === "dropped" ? 0 : d.node ? d.node.share : d.size ? 100 * d.kept / d.size : 0;

// In parts of what it lies in, which is narrower on paper than it was when this was drawn.
function place(e, { x0, y0, x1, y1 }, within) {
	const of = (part, whole) => `${100 * part / Math.max(1, whole)}%`, w = within.x1 - within.x0, h = within.y1 - within.y0;
	// Never of no width, or the focus would be nowhere to be seen.
	Object.assign(e.style, { left: of(x0 - within.x0, w), top: of(y0 - within.y0, h), width: of(Math.max(1, x1 - x0), w), height: of(Math.max(1, y1 - y0), h) });
	return e;
}

function open(node) {
	if (!node.kids.size) {
		if (node.entry) showEntry(node.entry);
		return;
	}
	at = node;
	draw();
	($("map").querySelector("button") ?? $("crumbs").querySelector("button"))?.focus();
}

const fits = (text, width, letter) => (text.length * letter + 14) * em < width;

function cell(d) {
	const { data, x0, y0, x1, y1 } = d, w = x1 - x0, h = y1 - y0, node = data.node;
	const full = node && shownName(node), name = node ? d.children && fits(full, w, 8) ? full : node.short ?? full : `${many(data.rest, "smaller one")}`;
	const label = h > 20 * em && (w > 64 * em || fits(name, w, 8)), big = label && h > 42 * em && !d.children && w > 64 * em;
	const lines = label ? [el("span", {}, broken(name)), big && el("span", {}, bytes(data.value))] : [];
	// What the area says by its size and colour, for those who do not see it.
	if (node) lines.push(el("span", { class: "unseen" }, ` ${(label ? [] : [name]).concat(label && big ? [] : [bytes(node.size)], verdict(node)).join(", ")}`));
	const box = node ?
		el("button", { type: "button", class: d.children ? "cell nest" : "cell", p: shareOf(data), title: describe(node),
			on: () => open(node) }, lines) :
		el("div", { class: "cell", p: shareOf(data), title: `${name}, ${bytes(data.value)}: in the list below` }, lines);
	// What is in it is drawn, not opened: larger ones first, so that their parts come to lie over them.
	for (const c of d.descendants().slice(1)) {
		const cw = c.x1 - c.x0, ch = c.y1 - c.y0;
		if (cw < 3 || ch < 3) continue;
		const inner = c.data.node, text = inner ? c.data.name : `${c.data.rest} more`;
		const inside = ch > 18 * em && (cw > 58 * em || fits(text, cw, 7.4)), size = inside && !c.children && ch > 40 * em && cw > 58 * em;
		// For a pointer: straight to it. The button of the area is for all others.
		box.append(place(el("i", { class: c.children ? "nest" : inside ? null : "bare", p: shareOf(c.data), "aria-hidden": "true",
			title: inner ? describe(inner) : null, on: inner && ((ev) => { ev.stopPropagation(); open(inner); }) },
			inside ? el("b", {}, broken(text)) : null, size ? el("b", {}, bytes(c.data.value)) : null), c, d));
	}
	return place(box, d, d.parent);
}

function layout(width, height) {
	const roomy = width > 560;
	const area = width * height, top = { node: at, parts: largest(at, roomy ? OUTER : 24, area) }, all = at.value(part);
	const within = (node) => largest(node, INNER, area * node.value(part) / all).map((q) => q.node ? Object.assign(q, inmost(q.node)) : q);
	// A part of three levels when it is very large, so that one that is nearly all says something.
	for (const p of top.parts) {
		if (!p.node?.kids.size || p.value / all < (roomy ? 0.02 : 0.08)) continue;
		p.parts = within(p.node);
		for (const q of p.parts)
			if (q.node?.kids.size && q.value / all > (roomy ? 0.06 : 0.2)) q.parts = within(q.node);
	}
	// What is too small to be shown comes last, however much it is together.
	const root = hierarchy(top, (d) => d.parts).sum((d) => d.parts ? 0 : d.value).sort((a, b) => !!a.data.last - !!b.data.last || b.value - a.value);
	const edge = (d) => d.depth && d.children ? 3 : 0;
	return treemap().size([width, height]).round(true).paddingInner(GAP)
		.paddingTop((d) => d.depth === 1 ? HEAD * em : d.depth === 2 && d.children ? (HEAD - 4) * em : 0)
		.paddingRight(edge).paddingBottom(edge).paddingLeft(edge)(root);
}

function drawMap() {
	const map = $("map"), box = map.getBoundingClientRect();
	em = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
	map.hidden = !(at.value(part) > 0);
	if (map.hidden) return map.replaceChildren();
	map.replaceChildren(...(layout(Math.floor(map.clientWidth || box.width), Math.floor(map.clientHeight)).children ?? []).map(cell));
}

function drawCrumbs() {
	const way = [];
	for (let n = at; n; n = n.up) way.unshift(n);
	$("crumbs").replaceChildren(...way.flatMap((n, i) => [i > 1 || (i && way[0].name !== "/") ? el("span", { "aria-hidden": "true" }, "/") : null,
		n === at ? el("span", { "aria-current": "true" }, broken(n.name)) :
			el("button", { type: "button", class: "plain", on: () => open(n) }, broken(n.name))]).filter(Boolean));
}

function drawList() {
	const all = kidsOf(at).filter((k) => part === "all" || k.value > 0 || (part === "kept" ? k.node.keptFiles : k.node.files > k.node.keptFiles)).sort(bySize);
	const body = el("tbody");
	const button = inParts(body, all, 10, ({ node }) => el("tr", {},
		el("th", { scope: "row" }, el("button", { type: "button", class: "plain", on: () => open(node) }, broken(shownName(node)))),
		el("td", { class: "n" }, bytes(node.size)), el("td", { class: "n" }, node.keptFiles ? bytes(node.kept) : "–"),
		el("td", { class: "n wide" }, `${count(node.keptFiles)} of ${count(node.files)}`),
		el("td", { class: "wide" }, el("span", { class: "bar", p: node.share, role: "img",
			"aria-label": node.size ? `${percent(node.kept, node.size)} of the bytes stayed` : `${percent(node.keptFiles, node.files)} stayed` }))), "entries");
	$("list").replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Name"),
		el("th", { scope: "col", class: "n" }, "Before"), el("th", { scope: "col", class: "n" }, "After"),
		el("th", { scope: "col", class: "n wide" }, "Files and links kept"), el("th", { scope: "col", class: "wide" }, "Share kept"))), body), button);
}

function draw() {
	drawCrumbs();
	const none = part === "dropped" && at.files === at.keptFiles ? "Nothing went from here. " :
		part === "kept" && !at.keptFiles ? "Nothing of this stayed. " : !at.files ? "There is nothing here. " : "";
	$("where").textContent = `${none}${bytes(at.size)} in ${many(at.files, "file or link", "files and links")}; ` +
		(at.files && at.files === at.keptFiles && at.size === at.kept ? "all of it stayed." : `${bytes(at.kept)} in ${count(at.keptFiles)} of them stayed.`);
	drawMap();
	drawList();
}

export function startMap() {
	at = tree("dir");
	for (const input of document.querySelectorAll("input[name=by]"))
		input.addEventListener("change", () => { at = tree(input.value); draw(); });
	for (const input of document.querySelectorAll("input[name=part]"))
		input.addEventListener("change", () => { part = input.value; draw(); });
	draw();
	let width = $("map").clientWidth;
	new ResizeObserver(() => {
		if ($("map").clientWidth === width) return;
		width = $("map").clientWidth;
		drawMap();
	}).observe($("map"));
}
