// Plays one video in Chromium with one player and says as JSON what was seen.
//
//   node play.mjs <<< '{"modules", "player", "url", "seeks": […], "captions": "en"}'
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {readFileSync} from 'node:fs';
import {inBrowser} from './browser.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const LIBRARIES = {
  'hls.js': 'hls.js/dist/hls.min.js',
  'shaka': 'shaka-player/dist/shaka-player.compiled.js',
  'dash.js': 'dashjs/dist/modern/umd/dash.all.min.js',
};
const {modules, player, url, seeks, captions} = JSON.parse(readFileSync(0, 'utf8'));

const files = {
  '/': join(HERE, 'page.html'),
  '/adapters.js': join(HERE, 'adapters.js'),
  '/library.js': join(modules, LIBRARIES[player]),
};
const steps = [];
const step = (name) => steps.push(name);

const seen = await inBrowser({modules, files}, async (page, origin) => {
  try {
    return await play(page, origin);
  } catch (error) {
    const state = await page.evaluate(() => ({
      time: viewer.video?.currentTime, height: viewer.video?.videoHeight,
      ready: viewer.video?.readyState, stalls: viewer.stalls, faults: viewer.player?.faults,
    })).catch(() => ({}));
    throw new Error(`after ${steps.join(', ')}: ${error.message} ${JSON.stringify(state)}`);
  }
});
console.log(JSON.stringify(seen));

async function play(page, origin) {
  await page.goto(origin);
  step('open');
  await page.evaluate(([name, from]) => viewer.open(name, from), [player, url]);
  const rungs = await page.evaluate(() => viewer.player.rungs());
  step('play');
  await page.evaluate(async () => {
    await viewer.video.play();
    await viewer.until(() => viewer.video.currentTime > 1);
  });
  const duration = await page.evaluate(() => viewer.video.duration);
  const found = [];
  for (const to of seeks) {
    step(`seek to ${to}`);
    found.push({to, ...await page.evaluate((at) => viewer.seek(at), to)});
  }
  step('back to the start');
  await page.evaluate(async () => { await viewer.seek(0); await viewer.video.play(); });
  const heights = [...new Set(rungs.map(({height}) => height).filter(Boolean))].sort((a, b) => a - b);
  const changes = [];
  for (const height of heights.length ? [heights.at(-1), heights[0], heights.at(-1)] : []) {
    step(`change to ${height}`);
    changes.push({asked: height, ...await page.evaluate((to) => viewer.change(to), height)});
  }
  let wound = [];
  if (heights.length && await page.evaluate(() => Boolean(viewer.player.wind))) {
    step('wind');
    wound = await page.evaluate(() => viewer.wind(8));
  }
  let text = null;
  let languages = null;
  if (captions) {
    step('captions');
    languages = await page.evaluate(() => viewer.player.captions());
    text = await page.evaluate((lang) => viewer.captions(lang), captions);
  }
  step('facts');
  const heard = await page.evaluate(() => viewer.video.webkitAudioDecodedByteCount);
  const dropped = await page.evaluate(() => viewer.video.getVideoPlaybackQuality().droppedVideoFrames);
  const faults = await page.evaluate(() => viewer.player.faults);
  return {duration, rungs, seeks: found, changes, wound, languages, text, heard, dropped, faults};
}
