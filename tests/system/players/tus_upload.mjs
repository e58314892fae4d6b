// Uploads one file with tus-js-client as it is, and says as JSON what happened.
//
//   node tus_upload.mjs <<< '{"modules", "endpoint", "token", "file", "options": {…}, "storage": FILE}'
//
// `storage` remembers uploads from run to run, so that a second run resumes the first one's.
import {createReadStream, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {basename, join} from 'node:path';
import {PassThrough} from 'node:stream';

const asked = JSON.parse(readFileSync(0, 'utf8'));
const tus = createRequire(join(asked.modules, 'index.js'))('tus-js-client');
const say = (what) => console.log(JSON.stringify(what));

const requests = [];
let video = null;
// A file it looks at by itself; a stream is what a length is deferred for.
const file = createReadStream(asked.file);
const upload = new tus.Upload(
    asked.options.uploadLengthDeferred ? file.pipe(new PassThrough()) : file, {
      endpoint: asked.endpoint,
      headers: {Authorization: `Bearer ${asked.token}`},
      metadata: {filename: basename(asked.file), title: 'Räder'},
      retryDelays: [100, 200, 400, 800, 1600, 3200, 6400],
      ...asked.options,
      urlStorage: new tus.FileUrlStorage(asked.storage),
      fingerprint: async () => asked.file,
      onAfterResponse: (request, response) => {
        const offset = request.getHeader('Upload-Offset');
        requests.push([request.getMethod(), response.getStatus(), offset ? Number(offset) : null]);
        video = response.getHeader('Headrace-Video') ?? video;
      },
      onSuccess: () => say({url: upload.url, video, requests}),
      onError: (error) => {
        say({error: error.message, requests});
        process.exitCode = 1;
      },
    });

const [previous] = await upload.findPreviousUploads();
if (previous) upload.resumeFromPreviousUpload(previous);
upload.start();
