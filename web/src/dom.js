// Making elements, and how numbers are written.

/** h('a', { href: '/', class: 'x', onclick: f }, 'text', child): attributes by name, listeners by on…; null and false
    are left out. */
export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

export const chip = colour => h('i', { class: `chip ${colourClass(colour)}`, 'aria-hidden': 'true' });

/** As the charts count: eight hues, then again. */
export const colourClass = number => `c${number % 8 + 1}`;

export const withCommas = value => Math.round(value).toLocaleString('en-US');

export const counted = (count, noun) => `${withCommas(count)} ${noun}${count === 1 ? '' : 's'}`;

export function duration(seconds) {
  if (seconds < 60) return `${seconds < 10 ? Math.max(0, seconds).toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function percent(share) {
  if (share >= 0.9995) return '100 %';
  if (share >= 0.00995) return `${(share * 100).toFixed(1)} %`;
  if (share >= 0.000995) return `${(share * 100).toFixed(2)} %`;
  return share >= 1e-6 ? '<0.1 %' : '0 %';
}

/** "a 3", "an 8" */
export function withArticle(name) {
  return (/^[aeiou8]/i.test(name) || name === '11' || name === '18' ? 'an ' : 'a ') + name;
}

/** The report's markup sets lengths by style attributes, which the page's policy forbids to markup but not to scripts.
    */
export function fill(section, html) {
  section.innerHTML = html.replaceAll(' style="', ' data-style="');
  for (const element of section.querySelectorAll('[data-style]')) element.style.cssText = element.dataset.style;
  section.querySelectorAll('svg[data-plot]').forEach(window.prepareChart);
}

/** Shows a message above the page; none hides it. */
export function say(message) {
  const trouble = document.getElementById('trouble');
  trouble.hidden = !message;
  trouble.textContent = message;
}

/** JSON of this server; an Error with its message where it refuses. */
export async function getJson(path) {
  const response = await fetch(path);
  const json = await response.json();
  if (!response.ok) throw new Error(json.error);
  return json;
}
