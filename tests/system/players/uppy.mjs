// Uploads one file with Uppy in Chromium and says as JSON what came of it.
//
//   node uppy.mjs <<< '{"modules", "bundle", "film", "endpoint", "token", "chunkSize"}'
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {inBrowser} from './browser.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const {modules, bundle, film, ...asked} = JSON.parse(readFileSync(0, 'utf8'));
const files = {'/': join(HERE, 'uppy.html'), '/uppy.js': bundle, '/film.mp4': film};

console.log(JSON.stringify(await inBrowser({modules, files}, async (page, origin) => {
  await page.goto(origin);
  return page.evaluate((what) => window.upload(what), asked);
})));
