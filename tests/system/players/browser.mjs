// Debian's Chromium with a page of ours in it; what the browser complains of is kept.
//
//   await inBrowser({modules, files}, async (page, origin) => …)
//
// `modules`: where node_modules is; `files`: what the page's server gives, {path: file}. The page is
// on an origin of its own, so that everything of Headrace's is fetched across origins.
import {createServer} from 'node:http';
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {extname, join} from 'node:path';

const TYPES = {'.html': 'text/html', '.js': 'text/javascript', '.mp4': 'video/mp4'};

export async function inBrowser({modules, files, minutes = 2}, work) {
  const {chromium} = createRequire(join(modules, 'index.js'))('playwright-core');
  const server = createServer(async (request, response) => {
    const file = files[request.url];
    if (!file) return response.writeHead(404).end();
    response.setHeader('Content-Type', TYPES[extname(file)]);
    response.end(await readFile(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({
    executablePath: process.env.HEADRACE_CHROMIUM ?? '/usr/bin/chromium',
    timeout: 60_000,
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-dev-shm-usage'],
  });
  const complaints = [];
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`page: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    let timer;
    const deadline = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${minutes} min`)), minutes * 60_000);
    });
    try {
      const result = await Promise.race([work(page, origin), deadline]);
      return {...result, complaints};
    } catch (error) {
      throw new Error(`${error.message}\nbefore: ${complaints.join('\n')}`);
    } finally {
      clearTimeout(timer);
    }
  } finally {
    await browser.close();
    server.close();
  }
}
