// Runs side by side: one number of each stage in each run, how they differ from the first, and whether that is more
// than noise.
import { fill, getJson, h } from './dom.js';

function choice(runs, chosen, metrics, metric) {
  const go = form => {
    const data = new FormData(form), query = new URLSearchParams(data.getAll('run').map(id => ['run', id]));
    if (data.get('metric')) query.set('metric', data.get('metric'));
    location.hash = `#/compare?${query}`;
  };
  const form = h('form', { class: 'choice', onchange: () => go(form), onsubmit: event => event.preventDefault() },
    h('fieldset', { class: 'networks' }, h('legend', {}, 'Runs'), runs.map(run =>
      h('label', {}, h('input', { type: 'checkbox', name: 'run', value: run.id, checked: chosen.includes(run.id) }),
        run.id, run.state !== 'done' && h('em', { class: `state ${run.state}` }, run.state)))),
    metrics.length > 0 && h('label', {}, 'Number ',
      h('select', { name: 'metric' },
        metrics.map(({ key, label }) => h('option', { value: key, selected: key === metric }, label)))));
  return form;
}

function table(json) {
  const names = [...new Set(json.stages.map(stage => stage.run))],
    stages = [...new Set(json.stages.map(stage => stage.stage))];
  const cell = (run, stage) => json.stages.find(entry => entry.run === run && entry.stage === stage);
  return h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Numbers of the runs' },
    h('table', { class: 'compared' },
    h('caption', { class: 'note' }, `On the ${json.split} split.`),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'stage'),
      names.map(name => h('th', { scope: 'col', class: 'number' }, name)))),
    h('tbody', {}, stages.map(stage => h('tr', {}, h('th', { scope: 'row' }, stage),
      names.map(name => h('td', { class: 'number' }, cell(name, stage)?.text ?? '–')))))));
}

function differences(json) {
  if (!json.comparisons.length) return null;
  const label = of => (json.runs.length === 1 ? `${of.stage} against ${of.against.stage}`
    : `${of.stage}: ${of.run} against ${of.against.run}`);
  const interval = of =>
    (of.interval ? `${of.interval.low.toPrecision(3)} to ${of.interval.high.toPrecision(3)}` : '–');
  return h('section', {}, h('h2', {}, 'Differences'),
    h('p', { class: 'note' },
      'Interval: Welch’s, 95 %. Where it leaves out zero, the difference is more than the noise of the seeds.'),
    h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Differences' }, h('table', {},
      h('thead', {},
        h('tr', {}, ['what', 'difference', 'interval', 'seeds', 'verdict'].map((text, place) =>
          h('th', { scope: 'col', class: place > 0 && place < 4 ? 'number' : null }, text)))),
      h('tbody', {},
        json.comparisons.map(of =>
          h('tr', {}, h('th', { scope: 'row' }, label(of)), h('td', { class: 'number' }, of.text),
        h('td', { class: 'number' }, interval(of)), h('td', { class: 'number' }, of.seeds.join(' / ')),
        h('td', {}, of.verdict)))))));
}

/** The charts come as the report's markup. */
function curves(json) {
  if (!json.curves) return null;
  const body = h('div');
  fill(body, json.curves);
  return h('section', { id: 'curves' }, h('h2', {}, 'Training'),
    h('p', { class: 'note' }, 'A chart for each stage that the runs have in common, a line for each run.'), body);
}

function recipes(json) {
  if (json.runs.length < 2) return null;
  const rows = json.recipes.map(({ key, values }) =>
    h('tr', {}, h('th', { scope: 'row' }, h('code', {}, key)), values.map(value => h('td', {}, value ?? '–'))));
  return h('section', { id: 'recipes' }, h('h2', {}, 'Recipes'),
    rows.length === 0 ? h('p', { class: 'note' }, 'They are the same, defaults included.')
    : [h('p', { class: 'note' }, 'The settings that differ, defaults included.'),
      h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Differences of the recipes' },
        h('table', { class: 'recipes' },
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'setting'),
          json.runs.map(run => h('th', { scope: 'col' }, run)))), h('tbody', {}, rows)))]);
}

export async function showCompare(main, runs, query, current) {
  document.title = 'Compare – Limbeck';
  const ready = runs.filter(run => run.state === 'done').map(run => run.id);
  const chosen = query.getAll('run').length ? query.getAll('run') : ready.slice(0, 2),
    metric = query.get('metric') ?? 'errors';
  const head = h('header', {}, h('p', { class: 'kicker' }, 'Limbeck'), h('h1', {}, 'Compare'));
  let json = null, trouble = '';
  if (chosen.length) {
    try {
      const asked = new URLSearchParams([...chosen.map(id => ['run', id]), ['metric', metric]]);
      json = await getJson(`/api/compare?${asked}`);
    } catch (problem) {
      trouble = problem.message;
    }
  }
  if (!current()) return;
  main.replaceChildren(head, choice(runs, chosen, json?.metrics ?? [], metric),
    json ? table(json) : h('p', { class: 'lead' }, trouble || 'Choose runs.'),
    ...(json ? [differences(json), curves(json), recipes(json)].filter(Boolean) : []));
}
