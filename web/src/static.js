// The playground as a page of its own, in a folder on any web server.
import { h } from './dom.js';

const main = document.querySelector('main');
try {
  const [{ mountPlayground }, description] = await Promise.all([import('./playground.js'),
    fetch('playground.json').then(response => response.json())]);
  document.title = `${description.title} – Limbeck`;
  document.querySelector('h1').textContent = description.title;
  mountPlayground(main, description);
} catch (problem) {
  main.replaceChildren(h('p', { role: 'alert' }, `The page could not be loaded: ${problem.message}`));
}
