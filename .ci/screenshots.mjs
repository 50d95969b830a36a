// Pictures of the pages, and what is wrong with their looks. `.ci/screenshots` calls it.
//
//   node screenshots.mjs DOC FILES OUT [NAME]
//
// DOC is what `cargo doc` made, FILES the list of the package's files, OUT the folder for the pictures. The variables LIBRARIES
// and CHROMIUM say where the libraries are and which browser to use.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [doc, listed, out, only = ''] = process.argv.slice(2);
const require = createRequire(join(process.env.LIBRARIES, 'x.js'));
const { chromium } = require('playwright-core');
const { marked } = require('marked');
const { gfmHeadingId } = require('marked-gfm-heading-id');

const WIDTHS = [1280, 400];
/// The height of a picture. A page is cut into several. Each begins a little before the last one ends, as a bar with the page's
/// name may lie above the text.
const PART = 1600;
const BAR = 50;

/// Pages of the documentation, and Markdown files as a repository shows them. `registry` is the README as the registry has it.
const PAGES = {
  root: 'memzone/index.html',
  guide: 'memzone/guide/index.html',
  realtime: 'memzone/realtime/index.html',
  cookbook: 'memzone/cookbook/index.html',
  faq: 'memzone/faq/index.html',
  comparison: 'memzone/comparison/index.html',
  bumpalo: 'memzone/from_bumpalo/index.html',
  porting: 'memzone/porting/index.html',
  zone: 'memzone/struct.Zone.html',
  beginz: 'memzone/macro.beginz.html',
  deep_copy: 'memzone/derive.DeepCopy.html',
};
const FILES = {
  registry: 'docs/registry.md',
  readme: 'README.md',
  performance: 'docs/performance.md',
  c: 'docs/c.md',
};
/// Where the registry's page leads to files of the package.
const SOURCE = 'https://docs.rs/crate/memzone/latest/source/';

const packaged = new Set(readFileSync(listed, 'utf8').split('\n'));
const complaints = [];
const made = [];
marked.use(gfmHeadingId());

/// The text, whose pictures on docs.rs are this checkout's files, where the package has them.
function local(text) {
  return text.replaceAll(new RegExp(`${SOURCE}([\\w./-]+)`, 'g'), (address, file) => {
    if (packaged.has(file) && existsSync(file)) return pathToFileURL(resolve(file)).href;
    complaints.push(`${address} is not in the package`);
    return address;
  });
}

function html(path) {
  const style = readFileSync(require.resolve('github-markdown-css/github-markdown.css'), 'utf8');
  const base = pathToFileURL(resolve(dirname(path))) + '/';
  return `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><base href="${base}">
    <style>${style} body { margin: 0; background: Canvas } :root { color-scheme: light dark }
    .markdown-body { max-width: 760px; margin: auto; padding: 16px }</style>
    <article class="markdown-body">${marked.parse(local(readFileSync(path, 'utf8')))}</article>`;
}

/// What one sees is wrong: the page scrolls sideways, a picture is missing or wider than its place, text is cut off.
function faults() {
  const found = [];
  const name = (element) => `${element.tagName.toLowerCase()} "${(element.alt ?? element.textContent).trim().slice(0, 50)}"`;
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width + 1) {
    found.push(`the page is ${document.documentElement.scrollWidth} pixels wide`);
  }
  for (const image of document.querySelectorAll('article img, main img, .docblock img')) {
    const box = image.getBoundingClientRect();
    if (!image.complete || image.naturalWidth === 0) found.push(`${name(image)} is missing`);
    else if (box.width < 100) found.push(`${name(image)} is ${Math.round(box.width)} pixels wide`);
  }
  for (const element of document.querySelectorAll('article *, .docblock *')) {
    const { overflowX, display } = getComputedStyle(element);
    if (overflowX === 'hidden' && display !== 'inline' && element.scrollWidth > element.clientWidth + 1) {
      found.push(`${name(element)} is cut off`);
    }
  }
  return found;
}

async function look(context, name, theme, width, url) {
  const page = await context.newPage();
  await page.setViewportSize({ width, height: 800 });
  await page.goto(url);
  await page.evaluate(() => document.querySelectorAll('details').forEach((it) => it.classList.contains('toggle') || (it.open = true)));
  await page.waitForTimeout(100);
  const where = `${name}, ${width} pixels, ${theme}`;
  complaints.push(...(await page.evaluate(faults)).map((fault) => `${where}: ${fault}`));
  const height = await page.evaluate(() => Math.max(document.documentElement.scrollHeight, document.body.scrollHeight));
  await page.setViewportSize({ width, height: PART });
  for (let at = 0, part = 0; part === 0 || at + BAR < height; at += PART - BAR, part++) {
    const path = join(out, `${name}-${width}-${theme}-${String(part).padStart(2, '0')}.png`);
    await page.evaluate((at) => window.scrollTo(0, at), at);
    await page.screenshot({ path });
    made.push(path);
  }
  await page.close();
}

const profile = mkdtempSync(join(tmpdir(), 'screenshots-'));
try {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const theme of ['light', 'dark', 'ayu']) {
    const context = await chromium.launchPersistentContext(join(profile, theme), {
      executablePath: process.env.CHROMIUM,
      headless: true,
      colorScheme: theme === 'light' ? 'light' : 'dark',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--allow-file-access-from-files'],
    });
    await context.addInitScript((theme) => {
      localStorage.setItem('rustdoc-theme', theme);
      localStorage.setItem('rustdoc-use-system-theme', 'false');
    }, theme);
    for (const width of WIDTHS) {
      const wanted = ([name]) => name.includes(only);
      for (const [name, path] of Object.entries(PAGES).filter(wanted)) {
        await look(context, name, theme, width, pathToFileURL(resolve(doc, path)).href);
      }
      // A repository and the registry have no third theme.
      for (const [name, path] of Object.entries(theme === 'ayu' ? {} : FILES).filter(wanted)) {
        const file = join(profile, `${name}.html`);
        writeFileSync(file, html(path));
        await look(context, name, theme, width, pathToFileURL(file).href);
      }
    }
    await context.close();
  }
} finally {
  rmSync(profile, { recursive: true, force: true });
}

console.log(`${made.length} pictures in ${out}`);
for (const complaint of complaints) console.error(complaint);
process.exit(complaints.length ? 1 : 0);
