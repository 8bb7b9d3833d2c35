'use strict';
const tip = document.getElementById('tip');

function showTip(content, x, y) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const width = tip.offsetWidth, height = tip.offsetHeight, room = document.documentElement.clientWidth;
  tip.style.left = Math.max(4, x + 16 + width > room ? x - width - 16 : x + 16) + 'px';
  tip.style.top = Math.max(4, Math.min(y - height / 2, window.innerHeight - height - 4)) + 'px';
}
function hideTip() { tip.hidden = true; }

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function shown(value, digits = 4) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2).replace('-', '\u2212');
  return Number(value.toPrecision(digits)).toLocaleString('en-US', { maximumFractionDigits: 6 }).replace('-', '\u2212');
}

// Charts: the values of all lines at the place nearest to the pointer.
function place(axis, from, to, value) {
  const [low, high, logarithmic] = axis;
  const at = v => logarithmic ? Math.log(Math.max(v, low)) : v;
  const share = (at(value) - at(low)) / (at(high) - at(low));
  return from + (to - from) * Math.min(1, Math.max(0, share));
}

function prepareChart(svg) {
  const data = JSON.parse(svg.dataset.plot);
  const [left, top, right, bottom] = data.frame;
  const places = [...new Set(data.lines.flatMap(line => line.points.map(point => point[0])))].sort((a, b) => a - b);
  if (places.length === 0) return;
  const marks = svg.querySelector('.hover'), cross = marks.querySelector('.cross');
  const dots = [...marks.querySelectorAll('circle')];
  let current = -1;

  function read(index, clientX, clientY) {
    current = index;
    const x = places[index], at = place(data.x, left, right, x);
    cross.setAttribute('d', `M${at} ${top}V${bottom}`);
    const rows = [];
    data.lines.forEach((line, number) => {
      const point = line.points.find(candidate => candidate[0] === x);
      dots[number].setAttribute('visibility', point ? 'inherit' : 'hidden');
      if (!point) return;
      dots[number].setAttribute('cx', at + (line.sideways || 0));
      dots[number].setAttribute('cy', place(data.y, bottom, top, point[1]));
      const name = element('span');
      name.append(element('i', 'chip c' + line.colour), line.name);
      const row = element('div');
      row.append(name,
        element('b', '', shown(point[1]) + (point[2] === undefined ? '' : ' \u00b1 ' + shown(point[2], 2))));
      rows.push([point[1], row]);
    });
    rows.sort((a, b) => b[0] - a[0]);
    const label = data.categories ? data.categories[x] : `${data.x_label} ${shown(x)}`;
    marks.setAttribute('visibility', 'visible');
    showTip([element('div', 'soft', label), ...rows.map(row => row[1])], clientX, clientY);
  }
  function leave() {
    marks.setAttribute('visibility', 'hidden');
    hideTip();
  }
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale;
    let nearest = 0;
    places.forEach((value, index) => {
      const distance = i => Math.abs(place(data.x, left, right, places[i]) - x);
      if (distance(index) < distance(nearest)) nearest = index;
    });
    read(nearest, event.clientX, event.clientY);
  });
  svg.addEventListener('pointerleave', leave);
  svg.addEventListener('blur', leave);
  svg.addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const index = Math.min(places.length - 1, Math.max(0, current + step)), box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    read(index, box.left + place(data.x, left, right, places[index]) * scale, box.top + box.height / 2);
  });
}
document.querySelectorAll('svg[data-plot]').forEach(prepareChart);

// Titles inside of drawings become tips that show at once.
document.querySelectorAll('svg title').forEach(title => {
  const owner = title.parentNode, text = title.textContent;
  owner.setAttribute('aria-label', text);
  title.remove();
  owner.addEventListener('pointermove', event => showTip([text], event.clientX, event.clientY));
  owner.addEventListener('pointerleave', hideTip);
});

// Soft targets: softmax(logits / temperature), drawn again for each temperature.
function softmax(logits, temperature) {
  const highest = Math.max(...logits);
  const shares = logits.map(logit => Math.exp((logit - highest) / temperature));
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map(share => share / sum);
}

// The same distribution as physics has it: energies are negative logits, F = ⟨E⟩ − T · S.
function energies(logits, temperature) {
  const highest = Math.max(...logits), weights = logits.map(logit => Math.exp((logit - highest) / temperature));
  const sum = weights.reduce((a, b) => a + b, 0);
  const mean = -weights.reduce((total, weight, index) => total + weight * logits[index], 0) / sum;
  const free = -highest - temperature * Math.log(sum), bits = Math.max(0, (mean - free) / temperature / Math.LN2);
  const [meanText, freeText, bitsText] = [mean, free, bits].map(value => value.toFixed(2).replace('-', '\u2212'));
  return `⟨E⟩ ${meanText}, F ${freeText}, S ${bitsText} bits`;
}

function percent(share) {
  if (share >= 0.0995) return Math.round(share * 100) + ' %';
  if (share >= 0.000995) return Number((share * 100).toPrecision(2)) + ' %';
  if (share >= 1e-6) return '<0.1 %';
  return '0 %';
}

function prepareSoftTargets() {
  const holder = document.getElementById('examples');
  if (!holder) return;
  const data = JSON.parse(holder.textContent), decades = 6;
  const slider = document.getElementById('temperature'), logarithmic = document.getElementById('log-bars');
  const output = document.getElementById('temperature-text'),
    buttons = [...document.querySelectorAll('[data-temperature]')];
  const articles = [...document.querySelectorAll('.example')];
  const cards = articles.map(card => [...card.querySelectorAll('.share')]);
  const low = slider ? Math.log(slider.dataset.low) : 0, high = slider ? Math.log(slider.dataset.high) : 1;
  const scale = document.getElementById('bar-scale'),
    lengths = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8];
  let temperature = data.temperature;

  function draw() {
    output.textContent = Number(temperature.toPrecision(3));
    buttons.forEach(button =>
      button.setAttribute('aria-pressed', Math.abs(button.dataset.temperature - temperature) < 1e-9));
    const distributions = data.logits.map(networks => networks.map(logits => softmax(logits, temperature)));
    const highest = Math.max(...distributions.flat(2)), full = lengths.find(length => highest <= length) || 1;
    scale.textContent = logarithmic.checked ? 'a full bar: 100 %, an empty one: 0.0001 %'
      : `a full bar: ${Math.round(100 * full)} %`;
    cards.forEach((rows, number) => {
      const shares = distributions[number];
      articles[number].querySelector('.energies').textContent = energies(data.logits[number][0], temperature);
      rows.forEach(row => {
        const index = Number(row.dataset.class);
        [...row.querySelectorAll('i')].forEach((bar, network) => {
          const share = shares[network][index] || 0;
          const length = logarithmic.checked ? Math.max(0, 1 + Math.log10(share) / decades) : share / full;
          bar.style.width = (length * 100).toFixed(2) + '%';
        });
        row.querySelector('output').textContent = percent(shares[0][index]);
        row.tip = () =>
          [element('div', 'soft', row.querySelector('b').textContent), ...data.names.map((name, network) => {
          const line = element('div');
          line.append(element('span', '', name), element('b', '', shown(100 * (shares[network][index] || 0)) + ' %'));
          return line;
        })];
      });
    });
  }
  function set(value) {
    temperature = value;
    if (slider) slider.value = slider.max * (Math.log(value) - low) / (high - low);
    draw();
  }
  if (slider) slider.addEventListener('input', () => {
    temperature = Math.exp(low + (high - low) * slider.value / slider.max);
    draw();
  });
  buttons.forEach(button => button.addEventListener('click', () => set(Number(button.dataset.temperature))));
  logarithmic.addEventListener('change', draw);
  cards.flat().forEach(row => {
    row.addEventListener('pointermove', event => showTip(row.tip(), event.clientX, event.clientY));
    row.addEventListener('pointerleave', hideTip);
  });
  set(temperature);
}
prepareSoftTargets();

// A link to a folded section opens it.
function openTarget() {
  const fold = location.hash && document.getElementById(location.hash.slice(1))?.querySelector(':scope > details');
  if (fold) fold.open = true;
}
addEventListener('hashchange', openTarget);
document.querySelectorAll('nav a').forEach(link => link.addEventListener('click', () => setTimeout(openTarget)));
openTarget();

addEventListener('beforeprint',
  () => document.querySelectorAll('details').forEach(details => { details.open = true; }));
