// The pages of `limbeck serve`: #/ the runs, #/run/ID, #/play/ID, #/compare?run=A&run=B.
import { showCompare } from './compare.js';
import { getJson, h, say } from './dom.js';
import { showRun } from './run.js';
import { showRuns } from './runs.js';

const main = document.getElementById('main'), links = document.getElementById('links');
let leave = () => {};   // what the page that is shown does when another one comes
let visit = 0;

async function showPlayground(id) {
  document.title = `Playground: ${id} – Limbeck`;
  const [{ mountPlayground }, description] = await Promise.all([import('./playground.js'),
    getJson(`/api/runs/${encodeURIComponent(id)}/playground`)]);
  const root = h('div'), elsewhere = description.models.filter(model => !model.onnx).map(model => model.name);
  const except = elsewhere.length ? ` (${elsewhere.join(', ')}: by the server, since there is no such file of it)` : '';
  main.replaceChildren(h('header', {}, h('p', { class: 'kicker' }, 'Limbeck · playground'),
    h('h1', {}, description.title)), root,
    h('p', { class: 'note below' },
      `Each network is computed in this browser, from the ONNX file that limbeck export writes${except}. `
      + 'At a temperature above 1 its soft targets show what it takes for alike.'));
  mountPlayground(root, description);
}

/** Of an address that someone typed. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsePlace() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?'), [page, ...rest] = path.split('/');
  return { page, id: decoded(rest.join('/')), query: new URLSearchParams(query) };
}

function showLinks(runs, sweeps, page, id) {
  const run = id || (runs.length === 1 && page !== '' ? runs[0].id : '');
  const link = (href, text, current) => h('a', { href, 'aria-current': current && 'page' }, text);
  links.replaceChildren(...[
    runs.length + sweeps.length !== 1 && link('#/', 'Runs', page === ''),
    run && link(`#/run/${encodeURIComponent(run)}`, 'Run', page === 'run'),
    run && link(`#/play/${encodeURIComponent(run)}`, 'Playground', page === 'play'),
    runs.length > 0 && link('#/compare', 'Compare', page === 'compare'),
  ].filter(Boolean));
}

async function show() {
  const { page: asked, id: named, query } = parsePlace();
  if (!['', 'run', 'play', 'compare'].includes(asked)) return;  // a link to a place in the page
  const mine = ++visit;
  leave();
  leave = () => {};
  say('');
  try {
    const answer = await getJson('/api/runs'), { runs, sweeps } = answer,
      alone = runs.length === 1 && sweeps.length === 0;
    const page = asked === '' && alone ? 'run' : asked, id = named || (alone ? runs[0].id : '');
    showLinks(runs, sweeps, page, id);
    if (page !== 'run' || main.dataset.run !== id) main.replaceChildren(h('p', { class: 'soft' }, 'Loading…'));
    main.dataset.run = '';
    const current = () => mine === visit;
    if (page === 'run') leave = showRun(main, id, current);
    else if (page === 'play') await showPlayground(id);
    else if (page === 'compare') await showCompare(main, runs, query, current);
    else leave = showRuns(main, answer, current);
  } catch (problem) {
    if (mine !== visit) return;
    main.replaceChildren();
    say(problem.message);
  }
}

addEventListener('hashchange', async () => {
  await show();
  main.focus({ preventScroll: true });
});
show();
