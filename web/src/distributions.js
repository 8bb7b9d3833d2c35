// What the networks say of a picture: a card for each, and a row of bars for each class.
import { chip, colourClass, counted, h, percent } from './dom.js';

const kMostRows = 10;  // classes
const kDecades = 6;    // of the logarithmic bars
const kFullLengths = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1];

const likeliest = shares => shares.indexOf(Math.max(...shares));

/** "distilled says 3, 98.1 %", for those who hear the page. `name` gives a class's name. */
export function sentence(model, shares, name) {
  const best = likeliest(shares);
  return `${model.name} says ${name(best)}, ${percent(shares[best])}`;
}

function howComputed(model) {
  if (!model.onnx) return 'computed by the server';
  return `${model.milliseconds >= 0.1 ? model.milliseconds.toFixed(1) : '<0.1'} ms in this browser`;
}

/** `answer`: {shares}, or undefined where there is none. */
export function answerCard(model, answer, name) {
  const best = answer ? likeliest(answer.shares) : -1;
  return h('div', { class: 'answer', 'data-model': model.name }, h('h3', {}, chip(model.place), model.name),
    h('p', { class: 'big' }, answer ? name(best) : '–', answer && h('small', {}, percent(answer.shares[best]))),
    h('p', { class: 'soft small' },
      `${model.network ? `${model.network} · ` : ''}${counted(model.parameters, 'parameter')}`),
    h('p', { class: model.trouble ? 'small' : 'soft small' },
      model.trouble ? `Cannot run: ${model.trouble}` : answer ? howComputed(model) : ' '));
}

/** The share that a bar of full length stands for: the next of few round numbers, so that it does not change at every
    step. */
function fullLength(highest) {
  return kFullLengths.find(length => highest <= length) ?? 1;
}

function barOf(share, colour, logarithmic, full) {
  const bar = h('i', { class: colourClass(colour) });
  bar.style.width = `${100 * (logarithmic ? Math.max(0, 1 + Math.log10(share) / kDecades) : share / full)}%`;
  return bar;
}

/** One row for each class, below a row that says whose numbers are whose; of many classes those that any network finds
    likeliest. */
export function distributionRows(answers, name, logarithmic) {
  const most = index => Math.max(...answers.map(({ shares }) => shares[index]));
  let classes = answers[0].shares.map((_, index) => index);
  if (classes.length > kMostRows) classes = classes.sort((a, b) => most(b) - most(a)).slice(0, kMostRows);
  const chips = answers.map(({ model }) => h('span', {}, chip(model.place)));
  const full = fullLength(Math.max(...classes.map(most))),
    ends = logarithmic ? [`10⁻⁶`, '100 %'] : ['0', `${Math.round(100 * full)} %`];
  const head = h('div', { class: 'bar-row bar-head', 'aria-hidden': 'true' }, h('b'),
    h('span', { class: 'scale' }, ends.map(text => h('span', {}, text))), h('span', { class: 'bar-numbers' }, chips));
  return [head, ...classes.map(index => {
    const said = answers.map(({ model, shares }) => `${model.name} ${percent(shares[index])}`).join(', ');
    return h('div', { class: 'bar-row', role: 'img', 'aria-label': `${name(index)}: ${said}`,
      'data-class': name(index) }, h('b', {}, name(index)),
      h('span', { class: 'bar-stack' },
        answers.map(({ model, shares }) => barOf(shares[index], model.place, logarithmic, full))),
      h('span', { class: 'bar-numbers' },
        answers.map(({ model, shares }) =>
          h('span', { 'data-model': model.name, 'data-share': shares[index] }, percent(shares[index])))));
  })];
}
