// SPDX-License-Identifier: BSD-2-Clause
// Opens report.html in Chromium, uses it as a person would, and tells as TAP lines what it found.
//
// usage: node check.mjs REPORT EXPECT.json [SCREENSHOTS]	EXPECT: image, search, program, hostile, odd, creport
//        node check.mjs --bare|--busy REPORT	one with little in it; one of many programs
//        node check.mjs --time REPORT...	milliseconds until each can be used, best of three, one a line
import puppeteer from "puppeteer-core";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"], protocolTimeout: 120000 });

let n = 0, failed = 0;
function ok(good, name, ...why) {
	console.log(`${good ? "ok" : "not ok"} ${++n} - ${name}`);
	if (!good) { failed++; for (const w of why) console.log(`# ${typeof w === "string" ? w : JSON.stringify(w)}`.replaceAll("\n", "\n# ")); }
}

async function open(path, { width = 1200, height = 900, scheme = "light" } = {}) {
	const page = await browser.newPage(), trouble = [], requests = [];
	page.on("console", (m) => { if (["error", "warn", "warning"].includes(m.type())) trouble.push(m.text()); });
	page.on("pageerror", (e) => trouble.push(String(e)));
	page.on("dialog", (d) => { trouble.push(`dialog ${d.message()}`); d.dismiss(); });
	page.on("request", (r) => { if (!/^(data|blob):/.test(r.url()) && r.url() !== pathToFileURL(path).href) requests.push(r.url()); });
	await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
	await page.setViewport({ width, height });
	await page.goto(pathToFileURL(path).href, { waitUntil: "load", timeout: 90000 });
	return { page, trouble, requests };
}

const text = (page, selector) => page.$eval(selector, (e) => e.textContent);
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((e) => e.textContent));
async function search(page, what) {
	const before = await text(page, "#found");
	await page.$eval("#q", (e, what) => { e.value = what; e.dispatchEvent(new Event("input", { bubbles: true })); }, what);
	await page.waitForFunction((before) => document.getElementById("found").textContent !== before, { timeout: 20000 }, before);
	return texts(page, "#results button");
}
async function accessible(page, name) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
	ok(!violations.length, `${name}: axe finds nothing`, ...violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((x) => x.html + " " + x.failureSummary).join("; ")}`));
}
const shot = async (page, dir, name, fullPage = true) => { if (dir) await page.screenshot({ path: `${dir}/${name}.png`, fullPage }); };
const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

async function drills(page) {
	const top = await texts(page, "#map button");
	ok(top.length > 0, "the map has areas");
	const before = await page.$$eval("#map button", (all) => all.map((b) => b.title));
	const i = before.findIndex((l) => l.includes(", directory"));
	await page.$$eval("#map button", (all, i) => all[i].focus(), i);
	await page.keyboard.press("Enter");
	const after = await page.$$eval("#map button", (all) => all.map((b) => b.title));
	ok(JSON.stringify(before) !== JSON.stringify(after) && after.length, "the map drills, by keyboard", before, after);
	ok(await page.evaluate(() => !!document.activeElement.closest("#map, #crumbs")), "and the focus stays in it");
	ok((await text(page, "#crumbs [aria-current]")) === before[i].split(",")[0], "it tells where it is");
	await page.click("#crumbs button");
	ok(JSON.stringify(await page.$$eval("#map button", (all) => all.map((b) => b.title))) === JSON.stringify(before), "and comes back");
	// A pointer goes straight to what is drawn within an area.
	const inner = await page.$$eval("#map .cell i[title*=', directory']", (all) => all.map((e) => e.title.split(",")[0]));
	ok(inner.length > 0, "parts of an area are drawn in it");
	await page.$eval("#map .cell i[title*=', directory']", (e) => e.click()); // not at its middle, where another part may be
	ok((await text(page, "#crumbs")).endsWith(inner[0]) && (await page.$$("#crumbs button")).length > 1, "a click on one goes there", inner[0], await text(page, "#crumbs"));
	ok(await page.evaluate(() => !!document.activeElement.closest("#map, #crumbs")), "and the focus with it");
	await page.click("#crumbs button");
	const links = await page.$$eval("#list tr", (all) => all.filter((r) => r.textContent.startsWith("links/")).map((r) => [r.querySelector(".bar").style.getPropertyValue("--p"), r.querySelector(".bar").getAttribute("aria-label")]));
	ok(links.join() === "50,50 % stayed", "of what is as large as nothing, the number says how much stayed", links);
	await page.click("input[value=layer]");
	ok(/layer/.test(await text(page, "#crumbs")), "by layer");
	const layer = await page.$$eval("#map button", (all) => { all[0].focus(); return all[0].title.split(", directory")[0]; });
	await page.keyboard.press("Enter");
	ok((await text(page, "#crumbs [aria-current]")) === layer, "a layer opens, by keyboard", layer, await text(page, "#crumbs"));
	await page.click("#crumbs button");
	ok(/^0: |^1: /.test((await texts(page, "#list th button"))[0]), "the layers are listed", await texts(page, "#list th button"));
	await page.click("input[value=package]");
	ok((await texts(page, "#list th button")).join() === "of no package,doc 1.0-2 (dpkg)", "by package", await texts(page, "#list th button"));
	await page.click("input[value=dir]");
	await page.click("input[value=dropped]");
	ok(await page.$$eval("#map .cell:not(.nest)", (all) => all.every((c) => c.style.getPropertyValue("--p") === "0")), "what went, alone");
	await page.click("input[value=all]");
}

// The rows add up to what creport.json says, whatever links and cuts there are.
async function adds(page, creport) {
	const sums = await page.evaluate(() => {
		const rows = JSON.parse(document.getElementById("files").textContent);
		return [rows.reduce((s, r) => s + r[3], 0), rows.reduce((s, r) => s + Math.max(0, r[4]), 0), rows.filter((r) => r[4] >= 0).length];
	});
	ok(sums[0] === creport.slimtrace.fat_bytes, "all files are the fat image", sums, creport.slimtrace.fat_bytes);
	ok(sums[1] === creport.slimtrace.slim_bytes, "what stayed is the slim image", sums, creport.slimtrace.slim_bytes);
	ok(sums[2] === creport.image.files.length, "as many entries as creport.json has");
}

async function check(path, expectPath, shots) {
	const expect = JSON.parse(await readFile(expectPath, "utf8")), creport = JSON.parse(await readFile(expect.creport, "utf8"));
	const { page, trouble, requests } = await open(path);
	ok((await text(page, "#image")) === expect.image, "names the image");
	ok(/From .* to .* times smaller/.test(await text(page, "#lead")), "the headline", await text(page, "#lead"));
	ok(/The layers of e2e\/report take [\d.]+ MB: upper ones overwrite or delete [\d.]+ kB of that/.test(await text(page, "#scale-text")), "why the engine tells of more", await text(page, "#scale-text"));
	await shot(page, shots, "light");
	await adds(page, creport);
	await drills(page);
	const found = await search(page, expect.search);
	ok(found.includes(expect.search), "the search finds", found);
	await page.click("#results button");
	ok(await page.$eval("#detail", (d) => d.open), "a file's reasons open");
	ok(/used:/.test(await text(page, "#detail-b")), "they are told", await text(page, "#detail-b"));
	ok(/read \(open(at)?\).* first \d+.* after the start, by \/webserver/.test(await text(page, "#detail-b")), "with the call, the time, the program", await text(page, "#detail-b"));
	const { layer } = creport.image.files.find((f) => f.file_path === expect.search);
	ok((await text(page, "#detail-b")).includes(`${layer} of 0 to ${creport.slimtrace.accounting.layers.length - 1}, bottom first`), "the layer has the number that why and info give it");
	await shot(page, shots, "detail", false);
	await accessible(page, "a file");
	await page.keyboard.press("Escape");
	ok(!(await page.$eval("#detail", (d) => d.open)), "Escape closes them");
	ok((await search(page, "*.gone")).length === 1, "a pattern finds");
	await page.click("#results button");
	ok(/--include-path/.test(await text(page, "#detail-b")), "of a file that went: how to keep it");
	await page.keyboard.press("Escape");
	ok((await search(page, "ww/*.html")).length === 0 && (await search(page, "www/*.html")).join() === expect.search, "a pattern with a slash begins after any");
	await search(page, "it's");
	await page.click("#results button");
	ok((await text(page, "#detail-b")).includes("--include-path '/odd/it'\\''s'"), "a quote in it", await text(page, "#detail-b"));
	await page.keyboard.press("Escape");
	ok((await search(page, "no such file at all")).length === 0 && /Nothing/.test(await text(page, "#found")), "nothing found is told");
	ok((await search(page, "onerror")).join() === expect.hostile, "a hostile name is text", await texts(page, "#results button"));
	ok(await page.evaluate(() => !window.harm && !document.querySelector("img")), "and does no harm");
	ok((await search(page, "odd-")).join() === expect.odd, "names that are no UTF-8, and signs that deceive", await texts(page, "#results button"));
	const keptBy = [];
	for (const button of await page.$$("#results button")) {
		await button.click();
		keptBy.push((await texts(page, "#detail-b code")).filter((t) => t.startsWith("--include-path")).join());
		await page.keyboard.press("Escape");
	}
	ok(keptBy.join("\n") === expect.kept_by.map((p) => `--include-path '${p}'`).join("\n"), "what is told to keep them would: a pattern that matches", keptBy);
	await search(page, "blank");
	ok(await page.$eval("#results button", (b) => b.innerText.endsWith("blank   ")), "blanks of a name are seen");
	await search(page, "");
	await search(page, "/rtl/*/*");
	const places = await page.$$eval("#results bdi", (all) => all.map((e) => e.getBoundingClientRect().x));
	ok(places.length === 2 && places[0] < places[1], "names from right to left stay in the order of the path", places);
	ok((await texts(page, "#processes button")).includes(expect.program), "the programs");
	await page.click("#processes button");
	ok((await texts(page, "#detail-b button")).includes(expect.search), "what a program used");
	await page.focus("#detail-b button");
	await page.keyboard.press("Enter");
	ok(await page.evaluate(() => document.activeElement.id) === "detail-x", "from there to a file: the focus stays in the dialog");
	await page.keyboard.press("Escape");
	ok((await texts(page, "#calls code")).includes("accept"), "the system calls", await texts(page, "#calls code"));
	const calls = await text(page, "#calls");
	ok(/CAP_[A-Z_]+(granted|refused).*, called by \/webserver/.test(calls) || /No capability was asked for|does not tell/.test(calls), "the capabilities, and who asked", calls);
	ok(/8080/.test(await text(page, "#network")), "the network", await text(page, "#network"));
	ok((await page.$$("#time rect")).length > 0, "first uses are drawn");
	ok((await texts(page, "#time .mk")).join() === "ready,serving", "ready and serving are marked", await texts(page, "#time .mk"));
	const saved = await page.evaluate(() => new Promise((done) => {
		const make = URL.createObjectURL;
		URL.createObjectURL = (blob) => { blob.text().then(done); return make.call(URL, blob); };
		document.querySelector("#profiles .download").click();
	}));
	ok(JSON.parse(saved).defaultAction === "SCMP_ACT_ERRNO", "a profile can be saved");
	const odd = (await page.$eval("body", (b) => b.innerText)).match(/.*(\[object|undefined|NaN|Infinity).*/g) ?? [];
	ok(!odd.length, "nothing that is no word", ...odd);
	const licences = await text(page, "#footer pre");
	for (const name of ["d3-hierarchy", "d3-scale"]) ok(licences.includes(`${name} `), `the licence of ${name} is in it`);
	ok((licences.match(/Copyright/g) ?? []).length >= 2 && /Permission to use, copy, modify/.test(licences), "their text, too");
	await accessible(page, "light");
	ok(!trouble.length, "nothing on the console", ...trouble);
	ok(!requests.length, "no request", ...requests);
	await page.close();
	await looks(path, shots);
}

async function looks(path, shots) {
	const colours = {};
	for (const [name, options] of Object.entries({ light: {}, dark: { scheme: "dark" }, narrow: { width: 360, height: 740 }, "narrow-dark": { width: 360, height: 740, scheme: "dark" } })) {
		const { page, trouble } = await open(path, options);
		colours[name] = await page.$eval("body", (e) => getComputedStyle(e).backgroundColor);
		ok((await wide(page)) <= 0, `${name}: no horizontal scroll`, String(await wide(page)));
		const ratios = await contrasts(page);
		ok(ratios.filter((r) => r > 1).length && ratios.every((r) => r === 1 || r >= 3), `${name}: what stayed is told from what went`, ratios);
		if (name !== "light") {
			await accessible(page, name);
			await shot(page, shots, name);
		}
		ok(!trouble.length, `${name}: nothing on the console`, ...trouble);
		await page.close();
	}
	ok(colours.light !== colours.dark, "light and dark differ", colours);
	await unusual(path, colours.light);
}

// Of colours in an area that meet, as WCAG has them.
const contrasts = (page) => page.$eval("#map .cell:not(.nest), #map .cell i:not(.nest)", (area) => {
	const colours = getComputedStyle(area).backgroundImage.match(/rgb\([^)]*\)/g);
	const light = (rgb) => rgb.match(/\d+/g).map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0.05);
	return colours.slice(1).map((c, i) => [light(c), light(colours[i])].sort((a, b) => b - a)).map(([a, b]) => a / b);
});

// With colours of the reader's own, with large letters, on paper.
async function unusual(path, paper) {
	const { page } = await open(path, { scheme: "dark" });
	const bars = async () => {
		const [none, all] = await page.$$eval("#list .bar", (b) => ["0", "100"].map((p) => b.findIndex((e) => e.style.getPropertyValue("--p") === p)));
		const found = await page.$$("#list .bar");
		return Promise.all([found[none], found[all]].map((b) => b.screenshot({ encoding: "base64" })));
	};
	const session = await page.createCDPSession();
	await session.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "active" }] });
	const [none, all] = await bars();
	ok(none !== all, "forced colours: bars still say how much stayed");
	await session.send("Emulation.setEmulatedMedia", { media: "print", features: [{ name: "prefers-color-scheme", value: "dark" }] });
	ok(await page.$$eval(".scale i, .cell, .bar, .legend i", (list) => list.every((e) => getComputedStyle(e).printColorAdjust === "exact")), "on paper: areas and bars are filled");
	ok(await page.$eval("body", (e) => getComputedStyle(e).backgroundColor) === paper, "on paper: light");
	ok(await page.evaluate(() => [["body>nav", "none"], [".controls", "none"], ["#crumbs", "flex"]].every(([e, is]) => getComputedStyle(document.querySelector(e)).display === is)), "on paper: what the map is of, and nothing to press");
	// Paper has another width, and nothing is drawn again for it.
	const places = await page.$eval("#map", (map) => {
		map.style.width = "50%";
		const { right, width } = map.getBoundingClientRect(), rights = [...map.querySelectorAll(".cell, .cell i")].map((e) => e.getBoundingClientRect().right);
		map.style.width = "";
		return [Math.max(...rights) - right, width];
	});
	ok(Math.abs(places[0]) <= 2 && places[1] > 100, "on paper: the map is as wide as the page", places);
	await session.send("Emulation.setEmulatedMedia", { media: "screen", features: [] });
	await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
	await page.click("input[value=layer]");
	await page.click("input[value=dir]");
	const heads = await page.$$eval("#map .cell.nest", (all) => all.map((c) => [c.querySelector("span"), c.querySelector("i")]).filter(([s, i]) => s && i && !s.className)
		.map(([s, i]) => i.getBoundingClientRect().top - s.getBoundingClientRect().bottom));
	ok(heads.length && heads.every((gap) => gap >= 0), "large letters: the names of areas are whole", heads);
	await page.close();
}

// A report with little in it says so, and has no trouble either.
async function bare(path) {
	const { page, trouble, requests } = await open(path);
	ok((await text(page, "#lead")).startsWith("All of its "), "nothing dropped: so the headline", await text(page, "#lead"));
	ok(await page.$$eval("#map button", (all) => all.every((b) => b.clientWidth && b.clientHeight)), "the smallest area can be seen to have the focus");
	ok(!/layers/.test(await text(page, "#scale-text")), "nothing overwritten: nothing of layers", await text(page, "#scale-text"));
	ok(/neither listened/.test(await text(page, "#network")), "no network: it says so");
	ok((await text(page, "#where")).endsWith("; all of it stayed."), "nothing dropped: so what it counts", await text(page, "#where"));
	await page.click("input[value=dropped]");
	ok(/^Nothing went from here/.test(await text(page, "#where")) && await page.$eval("#map", (e) => e.hidden), "nothing dropped: it says so", await text(page, "#where"));
	await page.click("input[value=layer]");
	await accessible(page, "little in it");
	ok(!trouble.length && !requests.length, "little in it: nothing on the console, no request", ...trouble, ...requests);
}

// Of many programs a part is shown; of a ratio that is none, none.
async function busy(path) {
	const { page, trouble } = await open(path);
	ok((await text(page, "#lead")).startsWith("Nearly all of its "), "hardly smaller: no ratio", await text(page, "#lead"));
	ok((await texts(page, "#warnings li")).includes("1 file (9 B) beside what was served went, as nobody asked for it. To keep it: --include-path '/www'"),
		"what nobody asked for, and what keeps it", await texts(page, "#warnings li"));
	const before = await texts(page, "#processes li > div");
	ok(before.length === 50, "not all programs at once", before.length);
	ok(before.some((line) => line.includes("true one")), "each with its arguments", before[1]);
	await page.focus("#processes .more");
	await page.keyboard.press("Enter");
	const after = await page.$$eval("#processes li > div", (all) => [all.length, all.indexOf(document.activeElement.parentNode)]);
	ok(after[0] > 60 && after[1] === 50, "the others when asked for, and the focus on the first of them", after);
	ok(await page.$eval("#processes .more", (b) => b.hidden), "then there are no more");
	ok(!trouble.length, "many programs: nothing on the console", ...trouble);
}

async function time(paths) {
	const best = {};
	for (let round = 0; round < 3; round++)
		for (const path of paths) {
			const start = performance.now(), { page, trouble } = await open(path);
			await search(page, "file-7");
			await page.click("input[value=layer]");
			best[path] = Math.min(best[path] ?? Infinity, performance.now() - start);
			if (trouble.length) throw new Error(trouble.join());
			await page.close();
		}
	for (const path of paths) console.log(Math.ceil(best[path]));
}

try {
	const [first, ...rest] = process.argv.slice(2);
	if (first === "--time") await time(rest);
	else if (first === "--bare") { await bare(rest[0]); console.log(`1..${n}`); }
	else if (first === "--busy") { await busy(rest[0]); console.log(`1..${n}`); }
	else { await check(first, ...rest); console.log(`1..${n}`); }
} finally {
	await browser.close();
}
process.exitCode = failed ? 1 : 0;
