// SPDX-License-Identifier: BSD-2-Clause
// The data in the page, as user/report/html.c writes it, and what follows from it.
const parse = (id) => JSON.parse(document.getElementById(id).textContent);

export const meta = parse("meta");
const rows = parse("files");
const uses = parse("uses");
const packages = parse("packages");

// Columns of a file's row.
const [PARENT, NAME, TYPE, SIZE, KEPT, LAYER, REASONS, KINDS, FIRST, PROGRAM, PATH] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

// Characters that a name could deceive with are shown by their number, and marks that pile up over its neighbours.
const odd = /[\p{Cc}\p{Cf}\u2028\u2029]|(?<=\p{M}{3})\p{M}/gu;
export const safe = (s) => s.replace(odd, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

export class Entry {
	constructor(id, row) {
		this.id = id;
		this.row = row;
		this.uses = null;
	}
	get name() { return safe(this.row[NAME]); }
	get type() { return meta.types[this.row[TYPE]]; }
	get isDir() { return this.type === "directory"; }
	get size() { return this.row[SIZE]; }
	get stays() { return this.row[KEPT] >= 0; }
	get excluded() { return this.row[KEPT] === -2; }
	get kept() { return Math.max(0, this.row[KEPT]); }
	get layer() { return this.row[LAYER]; }
	get parent() { return this.row[PARENT]; }
	// Index in packageNames, or -1.
	get package() { return (packages.of[this.id] ?? 0) - 1; }
	get reasons() { return bits(this.row[REASONS] ?? 0, meta.reasons); }
	// Of what was not used itself, the use of another path that it stays because of.
	get cause() {
		return this.row[FIRST] === undefined ? null :
			{ kinds: bits(this.row[KINDS], meta.kinds), first: this.row[FIRST] / 1e6, program: this.row[PROGRAM], path: safe(this.row[PATH]) };
	}
	// As a pattern in a shell's single quotes that matches it: what means something in one is said to mean itself, what
	// cannot be shown or typed is any byte. "\\xff" may be what a byte that is no UTF-8 was spelled as: "*" is either.
	get pattern() {
		const any = (c) => "?".repeat(new TextEncoder().encode(c).length);
		const names = [];
		for (let e = this; e.id !== e.parent; e = entries[e.parent])
			names.push(e.row[NAME].replace(/\\x[0-9a-f]{2}|[*?[\\]|'/g, (c) => c.length > 1 ? "*" : c === "'" ? "'\\''" : `\\${c}`).replace(odd, any));
		return "/" + names.reverse().join("/").replace(/:(?=[0-9#]*$)/, "[:]"); // else it is a mode
	}
	get path() {
		const names = [];
		for (let e = this; e.id !== e.parent; e = entries[e.parent]) names.push(e.name);
		return "/" + names.reverse().join("/");
	}
}

export function bits(set, names) { return names.filter((_, i) => Math.floor(set / 2 ** i) % 2); }

export const packageNames = packages.names.map(([manager, name, version]) => safe(`${name} ${version}`.trim() + ` (${manager})`));
export const packageShort = packages.names.map(([, name]) => safe(name));
export const entries = rows.map((row, id) => new Entry(id, row));
export const accesses = uses.map(([id, kinds, us, programs, n, errno, ...calls]) =>
	({ entry: entries[id], kinds, first: us / 1e6, programs, n, errno, calls }));
for (const a of accesses) (a.entry.uses ??= []).push(a);

// Kinds of use, each with the calls that used it so: of all its programs, or of the one at a place in their list.
export function howUsed(a, place = -1) {
	const calls = new Map();
	for (let i = 0; i < a.calls.length; i += 3)
		if (place < 0 || a.calls[i] === place)
			for (const kind of bits(a.calls[i + 2], meta.kinds)) calls.set(kind, (calls.get(kind) ?? new Set()).add(meta.calls[a.calls[i + 1]]));
	const kinds = place < 0 ? bits(a.kinds, meta.kinds) : [...calls.keys()];
	return kinds.map((kind) => calls.has(kind) ? `${kind} (${[...calls.get(kind)].join(", ")})` : kind).join(", ");
}

const units = ["B", "kB", "MB", "GB", "TB"];
export function bytes(n) {
	let u = 0;
	while (n >= 999.5 && u < units.length - 1) { n /= 1000; u++; }
	return `${u && n < 99.95 ? n.toFixed(1) : Math.round(n)} ${units[u]}`;
}
export const count = (n) => n.toLocaleString("en");
export const many = (n, one, more = one + "s") => `${count(n)} ${n === 1 ? one : more}`;
export const seconds = (s) => s < 1 ? `${Math.round(s * 1000)} ms` : `${s.toFixed(2)} s`;
export function percent(part, whole) {
	const p = whole ? 100 * part / whole : 0;
	return p > 0 && p < 1 ? "under 1 %" : p > 99 && p < 100 ? "over 99 %" : `${Math.round(p)} %`;
}
