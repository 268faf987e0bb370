// SPDX-License-Identifier: BSD-2-Clause
// Makes head.html and tail.html in DIST: `make html`.
//
// usage: node build.mjs [--check] DIST	--check: says whether they are current
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, writeFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const hash = (text) => "sha256-" + createHash("sha256").update(text).digest("base64");

async function bundle() {
	const options = { entryPoints: [at("src/main.js")], bundle: true, minify: true, format: "iife", target: "es2022",
		charset: "ascii", legalComments: "none", write: false, metafile: true, logLevel: "warning" };
	const used = await build({ ...options, define: { LICENSES: '""' } });
	const names = [...new Set(Object.keys(used.metafile.inputs).map((p) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(p)?.[1]).filter(Boolean))].sort();
	const licenses = await Promise.all(names.map(async (name) => {
		const dir = at(`node_modules/${name}/`), { version } = JSON.parse(await readFile(dir + "package.json", "utf8"));
		const file = (await readdir(dir)).find((f) => /^licen[cs]e/i.test(f));
		if (!file) throw new Error(`${name} has no licence file`);
		return `${name} ${version}\n\n${(await readFile(dir + file, "utf8")).trim()}\n`;
	}));
	const made = await build({ ...options, define: { LICENSES: JSON.stringify(licenses.join("\n\n")) } });
	return made.outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
}

const script = await bundle();
const css = (await build({ entryPoints: [at("src/style.css")], minify: true, write: false, charset: "ascii" })).outputFiles[0].text.trim();
const made = {
	"head.html": (await readFile(at("src/head.html"), "utf8")).replace("@SCRIPT@", () => hash(script)).replace("@STYLE@", () => hash(css)).replace("@CSS@", () => css),
	"tail.html": `<script>${script}</script>\n</body>\n</html>\n`,
};
const check = process.argv[2] === "--check", dist = process.argv[check ? 3 : 2];
for (const [name, text] of Object.entries(made)) {
	if (!check) await writeFile(join(dist, name), text);
	else if (text !== await readFile(join(dist, name), "utf8").catch(() => "")) {
		console.error(`${name} is not made from its sources as they are: make html`);
		process.exitCode = 1;
	}
}
