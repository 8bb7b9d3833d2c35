// A run as it trains: how far each stage is, and the report's sections as far as they go, asked for again and again.
import { counted, duration, fill, h, say, withCommas } from './dom.js';

const kWorking = 1000, kResting = 4000;  // milliseconds between two questions

/** Which folds are open stays as the reader left it. */
function refresh(section, html) {
  const folds = new Map([...section.querySelectorAll('details')].map(fold =>
    [fold.querySelector('summary').textContent, fold.open]));
  const focused = [...section.querySelectorAll('svg, summary, a')].indexOf(document.activeElement);
  fill(section, html);
  for (const fold of section.querySelectorAll('details'))
    fold.open = folds.get(fold.querySelector('summary').textContent) ?? fold.open;
  if (focused >= 0) [...section.querySelectorAll('svg, summary, a')][focused]?.focus({ preventScroll: true });
}

function stageLine(stage) {
  const facts = [];
  if (stage.under_way) facts.push(stage.under_way);
  else if (stage.parts > 1 && stage.parts_done < stage.parts)
    facts.push(`${stage.parts_done} of ${stage.parts} trainings done`);
  if (stage.state === 'training' || stage.state === 'stopped') {
    if (stage.epochs) facts.push(`epoch ${stage.epoch} of ${stage.epochs}`);
    if (stage.examples_per_second) facts.push(`${withCommas(stage.examples_per_second)} examples/s`);
    if (stage.state === 'training' && stage.seconds_left) facts.push(`${duration(stage.seconds_left)} left`);
  }
  return facts.join(' · ');
}

function progress(run) {
  const done = run.stages.filter(stage => stage.state === 'done').length;
  if (run.state === 'done') return [h('p', { class: 'soft' }, `All ${counted(run.stages.length, 'stage')} done.`)];
  return [
    h('p', { class: 'progress-head' }, h('em', { class: `state ${run.state}` }, run.state),
      ` ${done} of ${counted(run.stages.length, 'stage')} done`),
    h('ol', { class: 'stages' }, run.stages.map(stage => h('li', {},
      h('span', { class: 'stage-name' }, h('b', {}, stage.name),
        stage.state !== run.state && h('em', { class: `state ${stage.state}` }, stage.state)),
      h('progress', { max: 1, value: stage.share,
        'aria-label': `${stage.name}: ${Math.round(100 * stage.share)} % of its epochs` }),
      h('span', { class: 'soft small' }, stageLine(stage))))),
  ];
}

/** Shows the run until the function that is returned is called. */
export function showRun(main, id, current) {
  const sections = new Map();
  const state = h('section', { class: 'progress', 'aria-label': 'Progress' });
  let timer, tag = '', stopped = false, lost = false;

  function place(run) {
    document.title = `${run.name}${run.state === 'training' ? ' (training)' : ''} – Limbeck`;
    state.replaceChildren(...progress(run), h('p', { class: 'more' },
      h('a', { href: `#/play/${encodeURIComponent(id)}` }, 'Try its networks'),
      run.report && h('a', { href: `/report/${encodeURIComponent(id)}` }, 'The whole report')));
    for (const { id: name, name: title, html } of run.sections) {
      const known = sections.get(name);
      if (known?.html === html) continue;
      const body = known?.body ?? h('div');
      refresh(body, html);
      sections.set(name,
        { html, body,
          section: known?.section ?? (title ? h('section', { id: name }, h('h2', {}, title), body) : body) });
    }
    const order = run.sections.map(({ id: name }) => sections.get(name).section),
      wanted = [order[0], state, ...order.slice(1)];
    if (wanted.some((element, index) => main.children[index] !== element)) main.replaceChildren(...wanted);
    main.dataset.run = id;
  }

  async function ask() {
    let wait = kResting;
    try {
      const response = await fetch(`/api/runs/${encodeURIComponent(id)}`), json = await response.json();
      if (stopped || !current()) return;
      if (!response.ok) throw new Error(json.error);
      if (lost) say('');
      lost = false;
      if (response.headers.get('ETag') !== tag) place(json);
      tag = response.headers.get('ETag');
      wait = json.state === 'done' ? kResting : kWorking;
    } catch (problem) {
      if (stopped || !current()) return;
      lost = true;
      say(problem instanceof TypeError ? 'The server does not answer; this page goes on as soon as it does.'
        : problem.message);
      if (!main.dataset.run) main.replaceChildren();
    }
    timer = setTimeout(() =>
      (document.hidden ? document.addEventListener('visibilitychange', ask, { once: true }) : ask()), wait);
  }
  ask();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
