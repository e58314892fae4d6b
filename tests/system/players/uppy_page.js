// Bundled by esbuild: Uppy with its tus plugin, and one upload of what the page's server has.
import Uppy from '@uppy/core';
import Tus from '@uppy/tus';

window.upload = async ({endpoint, token, chunkSize}) => {
  const content = await (await fetch('/film.mp4')).blob();
  const uppy = new Uppy({autoProceed: false});
  uppy.use(Tus, {endpoint, chunkSize, headers: {Authorization: `Bearer ${token}`}});
  uppy.addFile({name: 'film.mp4', type: 'video/mp4', data: content, meta: {title: 'Uppy'}});
  const seen = [];
  uppy.on('upload-progress', (_, {bytesUploaded}) => seen.push(bytesUploaded));
  const {successful, failed} = await uppy.upload();
  return {
    urls: successful.map((file) => file.uploadURL),
    failures: failed.map((file) => String(file.error)),
    seen,
  };
};
