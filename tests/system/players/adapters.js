// The players under test behind one face, so that one script can drive all of them:
//
//   open(video, url)      a promise: the manifest was read and what it lists is known
//   rungs()               [{width, height, bandwidth}], in any order
//   choose(height)        from the next segment on, that rung and no other
//   captions()            languages of the texts that can be chosen
//   showCaptions(lang)    shows them
//   wind(rate), unwind()  fast forward by I-frames, and back to normal; of players that can
//   faults                what the player itself called an error, as texts
//
// Buffers are kept short: a change of rung is to be seen within seconds.
'use strict';

const adapters = {
  'hls.js': () => {
    const hls = new Hls({maxBufferLength: 6, maxMaxBufferLength: 6, backBufferLength: 10});
    const faults = [];
    // That playback stands still is counted by the viewer, who can tell a late segment from a busy
    // machine; hls.js can't.
    const still = [Hls.ErrorDetails.BUFFER_STALLED_ERROR, Hls.ErrorDetails.BUFFER_NUDGE_ON_STALL];
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!still.includes(data.details)) faults.push(`${data.type}: ${data.details}`);
    });
    return {
      faults,
      open: (video, url) => new Promise((resolve) => {
        hls.on(Hls.Events.MANIFEST_PARSED, resolve);
        hls.loadSource(url);
        hls.attachMedia(video);
      }),
      rungs: () => hls.levels.map(({width, height, bitrate}) => ({width, height, bandwidth: bitrate})),
      choose: (height) => {
        hls.nextLevel = hls.levels.findIndex((level) => level.height === height);
      },
      captions: () => hls.subtitleTracks.map((track) => track.lang),
      showCaptions: (lang) => {
        hls.subtitleDisplay = true;
        hls.subtitleTrack = hls.subtitleTracks.findIndex((track) => track.lang === lang);
      },
    };
  },

  'shaka': () => {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    const faults = [];
    player.addEventListener('error', (event) => faults.push(`${event.detail.code}`));
    player.configure({streaming: {bufferingGoal: 6, rebufferingGoal: 0.5}});
    return {
      faults,
      open: async (video, url) => {
        await player.attach(video);
        await player.load(url);
      },
      rungs: () => player.getVariantTracks().map(
          ({width, height, bandwidth}) => ({width, height, bandwidth})),
      choose: (height) => {
        player.configure({abr: {enabled: false}});
        const track = player.getVariantTracks().find((one) => one.height === height);
        player.selectVariantTrack(track, true, 2);
      },
      // At a multiple of the speed, by the I-frames alone where the manifest offers them.
      wind: (rate) => player.trickPlay(rate, true),
      unwind: () => player.cancelTrickPlay(),
      captions: () => player.getTextTracks().map((track) => track.language),
      showCaptions: (lang) => {
        player.selectTextTrack(player.getTextTracks().find((track) => track.language === lang));
      },
    };
  },

  'dash.js': () => {
    const player = dashjs.MediaPlayer().create();
    const faults = [];
    player.on(dashjs.MediaPlayer.events.ERROR, ({error}) => faults.push(`${error.code}: ${error.message}`));
    player.updateSettings({streaming: {
      buffer: {bufferTimeDefault: 6, bufferTimeAtTopQuality: 6, bufferTimeAtTopQualityLongForm: 6},
    }});
    const rungs = () => player.getRepresentationsByType('video');
    return {
      faults,
      open: (video, url) => new Promise((resolve) => {
        player.on(dashjs.MediaPlayer.events.STREAM_INITIALIZED, resolve);
        player.initialize(video, url, false);
      }),
      rungs: () => rungs().map(
          ({width, height, bandwidth}) => ({width, height, bandwidth})),
      choose: (height) => {
        player.updateSettings({streaming: {abr: {autoSwitchBitrate: {video: false}}}});
        player.setRepresentationForTypeById(
            'video', rungs().find((one) => one.height === height).id, true);
      },
      captions: () => player.getTracksFor('text').map((track) => track.lang),
      showCaptions: (lang) => {
        player.enableText(true);
        player.setTextTrack(player.getTracksFor('text').findIndex((track) => track.lang === lang));
      },
    };
  },
};

// What is seen and heard, by the browser's own account and not the player's.
const viewer = {
  COLUMNS: 16,

  open(name, url) {
    this.video = document.getElementById('video');
    this.stalls = 0;
    this.video.addEventListener('waiting', () => { if (this.ahead() < 0.2) ++this.stalls; });
    this.player = adapters[name]();
    return this.player.open(this.video, url);
  },

  // Seconds that could be played on: a stall with some of them is the machine's, not the delivery's.
  ahead() {
    const {buffered, currentTime} = this.video;
    for (let i = 0; i < buffered.length; ++i) {
      if (buffered.start(i) <= currentTime + 0.05 && currentTime <= buffered.end(i)) {
        return buffered.end(i) - currentTime;
      }
    }
    return 0;
  },

  // The number that the picture on the screen carries (generated_media.py), with the time that it
  // belongs to. Resolves with the next picture that is presented.
  picture() {
    return new Promise((resolve) => this.video.requestVideoFrameCallback((_, {mediaTime}) => {
      const canvas = new OffscreenCanvas(this.COLUMNS, 1);
      const context = canvas.getContext('2d');
      context.imageSmoothingEnabled = false;
      context.drawImage(this.video, 0, 0, this.COLUMNS, 1);
      const {data} = context.getImageData(0, 0, this.COLUMNS, 1);
      let number = 0;
      for (let bit = 0; bit < this.COLUMNS; ++bit) {
        if (data[4 * bit] > 127) number += 2 ** bit;
      }
      resolve({number, mediaTime, height: this.video.videoHeight});
    }));
  },

  // Plays on from `to`: the first picture from there that is shown, and whether time goes on.
  async seek(to) {
    const {video} = this;
    const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve, {once: true}));
    const shown = video.videoHeight > 0 ? this.pictureNear(to) : {};
    video.currentTime = to;
    await seeked;
    const first = await shown;
    await this.until(() => video.ended || video.currentTime > to + 0.4);
    return first;
  },

  // Pictures of before a seek may be on their way to the screen still.
  async pictureNear(time) {
    for (let others = 0; others < 25; ++others) {
      const shown = await this.picture();
      if (Math.abs(shown.mediaTime - time) < 1) return shown;
    }
    throw new Error(`no picture of ${time} s is shown`);
  },

  async until(holds) {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  },

  // Asks for a rung and waits until it is on the screen.
  async change(height) {
    const before = this.stalls;
    const from = this.video.currentTime;
    this.player.choose(height);
    await this.until(() => this.video.videoHeight === height || this.video.ended);
    await this.until(() => this.video.currentTime > from + 1 || this.video.ended);
    return {height: this.video.videoHeight, stalls: this.stalls - before, picture: await this.picture()};
  },

  // Some seconds of fast forward, and what is shown afterwards.
  async wind(seconds) {
    const before = this.video.currentTime;
    this.player.wind(4);
    await this.until(() => this.video.currentTime > before + seconds);
    const shown = await this.picture();
    this.player.unwind();
    const from = this.video.currentTime;
    await this.until(() => this.video.currentTime > from + 0.5);
    return [shown, await this.picture()];
  },

  async captions(lang) {
    this.player.showCaptions(lang);
    const tracks = () => [...this.video.textTracks].filter(
        (track) => track.mode !== 'disabled' && track.activeCues && track.activeCues.length);
    await this.until(() => tracks().length);
    return tracks()[0].activeCues[0].text;
  },
};
