// A network's distribution as Boltzmann's (docs/temperature.md): logits are negative energies, E = −z, and
// softmax(z / T) gives each class the share e^(−E / T) / Z.
import { chip, colourClass, h } from './dom.js';

const kPlaces = 64;  // of a curve
const kWidth = 560, kHeight = 212, kLeft = 44, kRight = 548, kTop = 14, kBottom = 166;

/** Mean energy, entropy in nats and free energy; energies are in units of logits. F = ⟨E⟩ − T · S = −T · ln Z. */
export function stateOf(logits, temperature) {
  const highest = Math.max(...logits), weights = logits.map(logit => Math.exp((logit - highest) / temperature));
  const sum = weights.reduce((a, b) => a + b, 0), freeEnergy = -highest - temperature * Math.log(sum);
  const meanEnergy = -weights.reduce((total, weight, index) => total + weight * logits[index], 0) / sum;
  return { meanEnergy, freeEnergy, entropy: Math.max(0, (meanEnergy - freeEnergy) / temperature) };
}

const number = value => value.toFixed(2).replace('-', '−');

function draw(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Entropy in bits over the temperature, a curve for each network, with a mark at the temperature that is chosen. */
function entropyChart(answers, temperature, [coldest, hottest]) {
  const most = Math.log2(answers[0].model.logits.length), low = Math.log(coldest), high = Math.log(hottest);
  const x = value => kLeft + (kRight - kLeft) * (Math.log(value) - low) / (high - low);
  const y = bits => kBottom - (kBottom - kTop) * bits / most;
  const bits = (logits, at) => stateOf(logits, at).entropy / Math.LN2;
  const svg = draw('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, class: 'entropy', role: 'img',
    'aria-label': `Entropy in bits from temperature ${coldest} to ${hottest}` });
  for (let level = 0; level <= most; level++)
    svg.append(draw('path', { class: 'grid', d: `M${kLeft} ${y(level)}H${kRight}` }),
      draw('text', { x: kLeft - 8, y: y(level) + 4, 'text-anchor': 'end' }, level));
  for (const value of [0.5, 1, 2, 4, 8, 20])
    svg.append(draw('text', { x: x(value), y: kBottom + 16, 'text-anchor': 'middle' }, value));
  svg.append(draw('text', { x: (kLeft + kRight) / 2, y: kHeight - 2, 'text-anchor': 'middle' }, 'temperature'));
  svg.append(draw('path', { class: 'chosen', d: `M${x(temperature)} ${kTop}V${kBottom}` }));
  for (const { model } of answers) {
    const places = Array.from({ length: kPlaces }, (_, place) => Math.exp(low + (high - low) * place / (kPlaces - 1)));
    const points = places.map(value => `${x(value).toFixed(1)} ${y(bits(model.logits, value)).toFixed(1)}`);
    svg.append(draw('path', { class: `curve ${colourClass(model.place)}`, d: `M${points.join('L')}` }),
      draw('circle', { class: colourClass(model.place), cx: x(temperature), cy: y(bits(model.logits, temperature)),
        r: 4 }));
  }
  return svg;
}

/** The numbers at the temperature that is chosen, and the entropy over all. `range`: the coldest and the hottest. */
export function energyPanel(answers, temperature, range) {
  const cell = (label, value) => h('td', { class: 'number', 'data-label': label, 'data-value': value }, number(value));
  const rows = answers.map(({ model }) => {
    const { meanEnergy, freeEnergy, entropy } = stateOf(model.logits, temperature);
    return h('tr', { 'data-model': model.name },
      h('th', { scope: 'row' }, chip(model.place), h('span', {}, model.name)),
      cell('mean energy', meanEnergy), cell('T · S', temperature * entropy), cell('free energy', freeEnergy),
      cell('entropy, bits', entropy / Math.LN2));
  });
  const heads = ['', '⟨E⟩', 'T · S', 'F', 'S, bits'].map((text, place) =>
    h('th', { scope: 'col', class: place ? 'number' : '' }, text));
  return [
    h('p', { class: 'soft small' }, 'Logits are negative energies, E = −z, and softmax is Boltzmann’s distribution: '
      + 'a class has the share e^(−E/T) / Z. F = ⟨E⟩ − T · S = −T · ln Z. Cold, the class of least energy takes all; '
      + 'hot, entropy counts, and the other classes show.'),
    h('table', { class: 'energies' }, h('thead', {}, h('tr', {}, heads)), h('tbody', {}, rows)),
    h('p', { class: 'small' }, 'Entropy in bits'), entropyChart(answers, temperature, range)];
}
