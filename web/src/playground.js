// The playground: a picture on the left, the networks' distributions over the classes on the right.
import { answerCard, distributionRows, sentence } from './distributions.js';
import { chip, h, withArticle } from './dom.js';
import { energyPanel } from './energy.js';
import { BrowserNetwork, ServerNetwork, softmax } from './networks.js';
import { Pad } from './pad.js';
import { bytesOf, centred, middle, paint, planesOf, readPicture, resized } from './picture.js';

const kMostShown = 4;      // networks at first
// temperatures: at 1 a trained network often says 100 %, and nothing else shows
const kColdest = 0.5, kHottest = 20, kFirst = 4;
const kSteps = 32;         // of the slider, from coldest to hottest, each warmer by the same factor

/** Teachers before those whom they teach, members of an ensemble that is there itself after all others; the rest as
    they come. */
function ordered(models) {
  const stage = name => name.replace(/^seed-\d+\//, ''), without = name => name.replace(/\.\d+$/, '');
  const teaches = model => models.some(other => other.teacher &&
    [stage(model.name), without(stage(model.name))].includes(stage(other.teacher)));
  const isMember = model => without(model.name) !== model.name &&
    models.some(other => other.name === without(model.name));
  const rank = model => isMember(model) ? 2 : teaches(model) ? 0 : 1;
  return [...models].sort((a, b) => rank(a) - rank(b) ||
    (isMember(a) ? a.name.localeCompare(b.name, 'en', { numeric: true }) : 0));
}

class Playground {
  constructor(root, description) {
    this.root = root;
    this.shape = description.input;
    this.description = description;
    this.draws = this.shape[0] === 1;
    this.temperature = kFirst;
    this.models = ordered(description.models).map((model, place) => ({
      ...model, place, shown: place < kMostShown, logits: null, trouble: '',
      computed: model.onnx ? new BrowserNetwork(new URL(model.onnx, document.baseURI), this.shape)
        : new ServerNetwork(description.run, model.name),
    }));
    this.build();
    if (description.examples.length) this.pick(0);
    else this.change();
  }

  build() {
    const [channels, height, width] = this.shape;
    this.seen = h('canvas', { class: 'seen', 'aria-hidden': 'true' });
    this.caption = h('p', { class: 'soft small' });
    this.result = h('p', { class: 'visually-hidden', role: 'status' });
    this.cards = h('div', { class: 'answers' });
    this.bars = h('div', { class: 'bars', 'aria-label': 'Distributions', role: 'group' });
    this.energies = h('div');
    const left = h('section', { class: this.draws ? 'input draws' : 'input', 'aria-labelledby': 'input-title' },
      h('h2', { id: 'input-title' }, 'Picture'),
      this.draws && this.drawing(),
      this.choosing(),
      h('div', { class: 'sees' }, this.seen, h('div', {}, h('h3', {}, 'What the networks see'),
        h('p', { class: 'soft small' }, `${width} × ${height} pixels${channels === 3 ? ', three colours' : ''}`),
        this.caption)),
      this.examples());
    const right = h('section', { class: 'output', 'aria-labelledby': 'output-title' },
      h('h2', { id: 'output-title' }, 'What they say'),
      this.controls(), this.networks(), this.cards, this.bars, this.result,
      h('details', { class: 'physics', open: true }, h('summary', {}, 'Energy, entropy, free energy'), this.energies),
      this.request());
    this.root.replaceChildren(h('div', { class: 'playground' }, left, right));
  }

  drawing() {
    this.pad = new Pad(this.shape.slice(1), () => this.drawn());
    this.digit = h('input', { type: 'checkbox', onchange: () => this.change() });
    return h('div', { class: 'drawing' }, this.pad.canvas,
      h('p', { id: 'pad-help', class: 'soft small' }, 'Draw with the mouse or a finger. ',
        h('span', { class: 'for-keys' }, 'Keyboard: arrows move the pen (Shift: faster), Space lowers and lifts it, '
          + 'Backspace undoes, Delete clears.')),
      h('div', { class: 'row' },
        h('button', { type: 'button', onclick: () => this.pad.clear() }, 'Clear'),
        h('button', { type: 'button', onclick: () => this.pad.undo() }, 'Undo'),
        h('label', {}, this.digit, ' Centre as MNIST does')));
  }

  choosing() {
    this.file = h('input', { type: 'file', accept: 'image/*', id: 'file',
      onchange: () => this.file.files[0] && this.open(this.file.files[0]) });
    this.invert = h('input', { type: 'checkbox', onchange: () => this.change() });
    const zone = h('div', {
      class: 'drop', ondragover: event => { event.preventDefault(); zone.classList.add('over'); },
      ondragleave: () => zone.classList.remove('over'),
      ondrop: event => {
        event.preventDefault();
        zone.classList.remove('over');
        if (event.dataTransfer.files[0]) this.open(event.dataTransfer.files[0]);
      },
    }, h('label', { for: 'file' },
    this.draws ? 'Or choose a picture, or drop it here' : 'Choose a picture, or drop it here'), this.file,
    this.draws && h('label', {}, this.invert, ' Invert (dark ink on white paper)'));
    return zone;
  }

  examples() {
    const { examples, classes } = this.description;
    if (!examples.length) return null;
    this.thumbnails = examples.map((example, place) => {
      const canvas = h('canvas');
      paint(canvas, example.pixels, this.shape);
      const name = classes[example.label] ?? 'unlabelled';
      return h('button', { type: 'button', class: 'thumbnail',
        'aria-label': `Test example ${example.id}, ${withArticle(name)}`, 'aria-pressed': 'false',
        title: withArticle(name), onclick: () => this.pick(place) }, canvas);
    });
    return h('div', { class: 'picks' }, h('h3', {}, 'Test examples whose soft targets say most'),
      h('div', { class: 'thumbnails' }, this.thumbnails));
  }

  controls() {
    const low = Math.log(kColdest), high = Math.log(kHottest),
      place = value => kSteps * (Math.log(value) - low) / (high - low);
    this.temperatureText = h('output', { for: 'temperature' });
    this.slider = h('input', { type: 'range', id: 'temperature', min: 0, max: kSteps, step: 1, value: place(kFirst),
      oninput: () => set(Math.exp(low + (high - low) * this.slider.value / kSteps)) });
    const buttons = [1, 2, 4, 8, 20].map(value => h('button',
      { type: 'button', 'data-value': value, onclick: () => { this.slider.value = place(value); set(value); } },
      value));
    const set = value => {
      this.temperature = value;
      this.temperatureText.textContent = Number(value.toPrecision(3));
      this.slider.setAttribute('aria-valuetext', `temperature ${this.temperatureText.textContent}`);
      for (const button of buttons)
        button.setAttribute('aria-pressed', String(Math.abs(button.dataset.value - value) < 1e-9));
      this.show();
    };
    this.logarithmic = h('input', { type: 'checkbox', onchange: () => this.show() });
    this.setTemperature = set;
    const title = 'what logits are divided by before they become probabilities; '
      + 'above 1 the small shares of the wrong classes show';
    return h('div', { class: 'controls' },
      h('label', { for: 'temperature', title }, 'Temperature ', this.temperatureText), this.slider,
      h('span', { class: 'buttons', role: 'group', 'aria-label': 'Temperatures' }, buttons),
      h('label', {}, this.logarithmic, ' logarithmic'));
  }

  networks() {
    if (this.models.length <= 1) return null;
    return h('fieldset', { class: 'networks' }, h('legend', {}, 'Networks'), this.models.map(model =>
      h('label', {},
        h('input', { type: 'checkbox', checked: model.shown,
          onchange: event => { model.shown = event.target.checked; this.change(); } }), chip(model.place),
          model.name)));
  }

  request() {
    this.requestText = h('textarea', { id: 'request', readonly: true, rows: 6, 'aria-label': 'JSON of the request' });
    if (!this.description.run) return null;
    return h('details', { class: 'request' }, h('summary', {}, 'The same from a program'),
      h('p', { class: 'soft small' }, 'Send this to ', h('code', {}, `POST ${new URL('/predict', document.baseURI)}`),
        ' as application/json: the server’s own network answers, not the ONNX file.'), this.requestText);
  }

  drawn() {
    this.picture = null;
    this.example = null;
    this.digit.checked = true;
    this.change();
  }

  pick(place) {
    this.example = this.description.examples[place];
    this.picture = null;
    this.change();
  }

  async open(file) {
    try {
      this.picture = await readPicture(file);
      this.pictureName = file.name;
      this.example = null;
      if (this.digit) this.digit.checked = false;
      this.change();
    } catch {
      this.caption.textContent = `'${file.name}' is no picture that this browser can read.`;
    }
  }

  /** The bytes of what is drawn or chosen. */
  bytes() {
    const [channels, height, width] = this.shape;
    if (this.example) return Uint8Array.from(this.example.pixels);
    if (!this.picture && !this.pad) return new Uint8Array(channels * height * width);
    let planes = planesOf(this.picture ?? this.pad.pixels(), channels);
    if (this.picture && this.invert.checked)
      planes = planes.map(plane => ({ ...plane, values: plane.values.map(value => 255 - value) }));
    if (this.digit?.checked) return bytesOf(planes.map(plane => centred(plane, width, height)));
    return bytesOf(planes.map(plane => resized(middle(plane, width, height), width, height)));
  }

  isBlank() { return !this.example && !this.picture && (!this.pad || this.pad.isEmpty); }

  captionText() {
    const { classes } = this.description;
    if (this.example) return `Test example ${this.example.id}, labelled ${classes[this.example.label] ?? '?'}`;
    if (this.picture) return this.pictureName;
    return this.isBlank() ? 'Nothing yet' : 'Your drawing';
  }

  /** The picture has changed: the networks are asked again, at most one picture waiting. */
  async change() {
    this.pending = true;
    this.root.dataset.state = 'computing';
    if (this.working) return;
    this.working = true;
    while (this.pending) {
      this.pending = false;
      await new Promise(requestAnimationFrame);
      await this.compute();
    }
    this.working = false;
    this.root.dataset.state = 'ready';
  }

  async compute() {
    const bytes = this.bytes(), { scale, examples } = this.description;
    paint(this.seen, bytes, this.shape);
    this.caption.textContent = this.captionText();
    this.thumbnails?.forEach((button, place) =>
      button.setAttribute('aria-pressed', String(examples[place] === this.example)));
    const blank = this.isBlank(), values = Float32Array.from(bytes, byte => byte * scale);
    this.values = values;
    for (const model of this.models) {
      if (!model.shown || blank) continue;
      try {
        await model.computed.prepare();
        const begin = performance.now();
        model.logits = await model.computed.logits(values);
        model.milliseconds = performance.now() - begin;
        model.trouble = '';
      } catch (problem) {
        model.trouble = problem.message;
        model.logits = null;
      }
    }
    this.blank = blank;
    this.setTemperature(this.temperature);
  }

  answers() {
    return this.models.filter(model => model.shown && model.logits && !this.blank)
      .map(model => ({ model, shares: softmax(model.logits, this.temperature) }));
  }

  show() {
    const answers = this.answers(), name = index => this.description.classes[index] ?? String(index);
    this.cards.replaceChildren(...this.models.filter(model => model.shown)
      .map(model => answerCard(model, answers.find(answer => answer.model === model), name)));
    this.bars.replaceChildren(...(answers.length ? distributionRows(answers, name, this.logarithmic.checked)
      : [h('p', { class: 'soft' }, 'Draw, choose a picture, or pick an example.')]));
    this.energies.replaceChildren(...(answers.length
      ? energyPanel(answers, this.temperature, [kColdest, kHottest])
      : [h('p', { class: 'soft small' }, 'Shown for the picture that is drawn or chosen.')]));
    clearTimeout(this.saying);
    this.saying = setTimeout(() => { this.result.textContent = answers.map(({ model, shares }) =>
      sentence(model, shares, name)).join('; '); }, 700);
    this.requestText.value = this.blank || !answers.length ? '' : JSON.stringify({
      run: this.description.run, model: answers.at(-1).model.name, temperature: Number(this.temperature.toPrecision(6)),
      inputs: [Array.from(this.values, value => Number(value.toPrecision(7)))],
    });
  }
}

/** Builds the playground within `root`; `description` is what the server or playground.json says. */
export function mountPlayground(root, description) {
  return new Playground(root, description);
}
