// The runs and sweeps of the folder as a table: sorted by a column, narrowed by a search, asked for again as they go
// on.
import { counted, duration, getJson, h, withCommas } from './dom.js';

const kWorking = 2000, kResting = 5000;  // milliseconds between two questions
const kStates = ['training', 'stopped', 'waiting', 'done'];

const address = entry =>
  (entry.points === undefined ? `#/run/${encodeURIComponent(entry.id)}` : `/sweep/${encodeURIComponent(entry.id)}/`);

/** "2024-11-21 21:02", where the reader is. */
function date(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  const two = number => String(number).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

function progressCell(entry) {
  const isSweep = entry.points !== undefined, done = isSweep ? entry.points_done : entry.stages_done,
    all = isSweep ? entry.points : entry.stages;
  const failed = entry.points_failed ? `, ${entry.points_failed} failed` : '';
  const text = all === undefined ? '' : `${done} of ${counted(all, isSweep ? 'point' : 'stage')}${failed}`;
  const share = isSweep ? done / all : entry.share;
  return [h('em', { class: `state ${entry.state}` }, entry.state), entry.trouble && h('small', {}, entry.trouble),
    entry.state !== 'done' && share !== undefined &&
      h('progress', { max: 1, value: share, 'aria-label': `${Math.round(100 * share)} % done` }),
    text && h('small', {}, text)];
}

function nameCell(entry) {
  const also = [entry.points !== undefined ? `sweep over ${(entry.over ?? []).join(', ')}` : entry.name !== entry.id &&
    entry.name, entry.seeds > 1 && counted(entry.seeds, 'seed'), entry.best];
  return [h('a', { href: address(entry) }, h('b', {}, entry.id)),
    ...also.filter(Boolean).map(text => h('small', {}, text))];
}

/** A column: what it is sorted by, and what a cell shows; `upwards`: which end is asked for first. */
const kColumns = [
  { name: 'name', value: entry => entry.id.toLowerCase(), cell: nameCell, upwards: true },
  { name: 'state', value: entry => kStates.indexOf(entry.state), cell: progressCell, upwards: true },
  { name: 'accuracy', number: true, title: 'of the student, on the test split', value: entry => entry.accuracy,
    cell: entry => (entry.accuracy_text ? [entry.accuracy_text, h('small', {}, entry.stage)] : []) },
  { name: 'gap kept', number: true,
    title: 'of the errors by which the baseline is worse than the teacher, the part that the student does not make',
    value: entry => entry.kept,
    cell: entry => (entry.kept === undefined ? [] : [`${Math.round(100 * entry.kept)} %`.replace('-', '−')]) },
  { name: 'parameters', number: true, title: 'of the student', value: entry => entry.parameters, upwards: true,
    cell: entry => (entry.parameters === undefined ? [] : [withCommas(entry.parameters)]) },
  { name: 'data', value: entry => entry.data, cell: entry => [entry.data].filter(Boolean), upwards: true },
  { name: 'date', value: entry => entry.date, cell: entry => (entry.date ? [date(entry.date)] : []) },
  { name: 'trained for', number: true, value: entry => entry.seconds,
    cell: entry => (entry.seconds ? [duration(entry.seconds)] : []) },
];

/** What is not known comes last, whichever way is sorted. */
function compare(column, upwards) {
  return (one, other) => {
    const [a, b] = [column.value(one), column.value(other)];
    if (a === undefined || a === null || b === undefined || b === null)
      return Number(a === undefined || a === null) - Number(b === undefined || b === null);
    return (a < b ? -1 : a > b ? 1 : 0) * (upwards ? 1 : -1);
  };
}

const words = entry => [entry.id, entry.name, entry.state, entry.data, entry.stage, ...(entry.over ?? [])].join(' ')
  .toLowerCase();

/** Shows the list until the function that is returned is called. */
export function showRuns(main, first, current) {
  document.title = 'Runs – Limbeck';
  let entries = [], sorted = { column: kColumns.find(({ name }) => name === 'date'), upwards: false }, timer;
  const search = h('input',
    { type: 'search', id: 'search', placeholder: 'name, data, state …', oninput: () => draw() });
  const body = h('tbody'), count = h('span', { class: 'soft small', role: 'status' });
  const heads = kColumns.map(column =>
    h('th', { scope: 'col', class: column.number ? 'number' : null, title: column.title },
    h('button', { type: 'button', class: 'sort', onclick: () => sort(column) }, column.name)));
  const table = h('table', { class: 'results stacked runs' }, h('thead', {}, h('tr', {}, heads)), body);
  const list = h('div', {}, h('div', { class: 'row search' }, h('label', { for: 'search' }, 'Search'), search, count),
    h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Runs' }, table));
  const none = h('p', { class: 'lead' },
    'There is no run in this folder yet; this page shows one as soon as it begins.');
  main.replaceChildren(h('header', {}, h('p', { class: 'kicker' }, 'Limbeck'), h('h1', {}, 'Runs')), none, list);

  function sort(column) {
    sorted = { column, upwards: sorted.column === column ? !sorted.upwards : Boolean(column.upwards) };
    draw();
  }

  function draw() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = entries.filter(entry => wanted.every(word => words(entry).includes(word)))
      .sort(compare(sorted.column, sorted.upwards));
    none.hidden = entries.length > 0;
    list.hidden = entries.length === 0;
    count.textContent = shown.length === entries.length ? '' : `${shown.length} of ${entries.length}`;
    heads.forEach((head, place) => {
      if (kColumns[place] === sorted.column)
        head.setAttribute('aria-sort', sorted.upwards ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    });
    const focused = document.activeElement?.closest?.('.runs tbody a')?.getAttribute('href');
    body.replaceChildren(...shown.map(entry => h('tr', {}, kColumns.map((column, place) =>
      h('td', { class: column.number ? 'number' : null, 'data-label': place === 0 ? '' : column.name },
        column.cell(entry))))));
    if (focused) [...body.querySelectorAll('a')].find(link =>
      link.getAttribute('href') === focused)?.focus({ preventScroll: true });
  }

  function take({ runs, sweeps }) {
    entries = [...runs, ...sweeps];
    draw();
    const works = entries.length === 0 || entries.some(entry => entry.state === 'training');
    timer = setTimeout(() => (document.hidden ? document.addEventListener('visibilitychange', ask, { once: true })
      : ask()), works ? kWorking : kResting);
  }

  async function ask() {
    try {
      const answer = await getJson('/api/runs');
      if (current()) take(answer);
    } catch {
      if (current()) timer = setTimeout(ask, kResting);
    }
  }

  take(first);
  return () => clearTimeout(timer);
}
