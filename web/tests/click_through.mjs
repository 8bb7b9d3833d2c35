// Clicks through the pages as a reader would, in headless Chromium. Usage: node click_through.mjs STEP ADDRESS
// [PICTURES_FOLDER]
// STEP: run, live, playground, program, ensemble, static, compare. Prints JSON of what was seen; exits with 1 where
// something is not as it should be.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [step, address, pictures] = process.argv.slice(2);
const executable = process.env.LIMBECK_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const kDesktop = { width: 1280, height: 900 }, kPhone = { width: 375, height: 740 };

const browser = await chromium.launch({
  executablePath: executable, headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const problems = [], asked = [];

/** A page whose complaints and requests are watched. */
async function open(path, options = {}) {
  const context = await browser.newContext({ viewport: kDesktop, ...options });
  const page = await context.newPage();
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) problems.push(message.text()); });
  page.on('pageerror', error => problems.push(String(error)));
  page.on('request', request => asked.push(request.url()));
  await page.goto(new URL(path, address).href);
  return page;
}

async function picture(page, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

async function fits(page) {
  const content = await page.evaluate(() => document.documentElement.scrollWidth), { width } = page.viewportSize();
  assert.ok(content <= width, `the page is ${content} pixels wide, the screen ${width}`);
}

/** The same page on a phone and in the dark; nothing may stick out. */
async function variants(path, name, ready) {
  for (const [suffix, options] of [['phone', { viewport: kPhone, hasTouch: true, isMobile: true }],
    ['dark', { colorScheme: 'dark' }], ['phone-dark', { viewport: kPhone, isMobile: true, colorScheme: 'dark' }]]) {
    const page = await open(path, options);
    await ready(page);
    await fits(page);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light] = background.match(/\d+/g).map(Number);
    assert.equal(light < 100, suffix.endsWith('dark'), `the background is ${background}`);
    await picture(page, `${name}-${suffix}`);
    await page.context().close();
  }
}

const ready = page => page.waitForSelector('[data-state=ready]', { timeout: 120000 });
const shares = (page, model) =>
  page.$$eval(`.bar-row [data-model="${model}"]`, cells => cells.map(cell => Number(cell.dataset.share)));

/** What the page computes with ONNX against what the server's network says of the same picture. */
async function compareWithServer(page, model) {
  const request = JSON.parse(await page.inputValue('#request'));
  request.model = model;
  const response = await fetch(new URL('/predict', address),
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(request) });
  const [{ probabilities }] = (await response.json()).predictions, here = await shares(page, model);
  assert.equal(here.length, probabilities.length);
  const difference = Math.max(...probabilities.map((share, index) => Math.abs(share - here[index])));
  assert.ok(difference < 1e-4, `${model} differs from the server by ${difference}`);
  const bits = probabilities.reduce((sum, share) => sum - (share > 0 ? share * Math.log2(share) : 0), 0);
  const [mean, heat, free, shown] = await page.$$eval(`.energies [data-model="${model}"] td`,
    cells => cells.map(cell => Number(cell.dataset.value)));
  assert.ok(Math.abs(shown - bits) < 1e-3, `${model}: entropy ${shown} bits, of the server's answer ${bits}`);
  assert.ok(Math.abs(mean - heat - free) < 1e-9 && Math.abs(heat - request.temperature * shown * Math.LN2) < 1e-4,
    `${model}: F = ⟨E⟩ − T · S`);
  return difference;
}

async function drawWithMouse(page) {
  await page.locator('.pad').scrollIntoViewIfNeeded();
  const box = await page.locator('.pad').boundingBox(), at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.3, 0.25));
  await page.mouse.down();
  for (const [x, y] of [[0.7, 0.25], [0.6, 0.5], [0.5, 0.8]]) await page.mouse.move(...at(x, y), { steps: 8 });
  await page.mouse.up();
  await ready(page);
}

const steps = {
  async run() {
    const page = await open('/');
    await page.waitForSelector('#training svg[data-plot] path.line:visible');
    assert.equal(await page.textContent('h1'), 'small');
    const stages = await page.$$eval('.results tbody tr td:first-child', cells => cells.map(cell => cell.textContent));
    assert.ok(stages[0].includes('teacher') && stages[1].includes('distilled'));
    const chart = page.locator('#training svg[data-plot]').first();
    await chart.scrollIntoViewIfNeeded();
    await chart.hover();
    assert.ok(await page.isVisible('#tip'));
    await chart.focus();
    await page.keyboard.press('ArrowRight');
    assert.match(await page.textContent('#tip'), /epoch/);
    assert.ok(await page.$eval('.strip .place', place => place.style.left.endsWith('%')),
      'lengths that the markup carries are set');
    await fits(page);
    await page.mouse.move(0, 0);
    await picture(page, 'run');
    await variants('/', 'run', other => other.waitForSelector('#training svg[data-plot] path.line:visible'));
    return { stages };
  },

  /** A run under way: more epochs come by themselves, and what the reader folded stays folded. */
  async live() {
    const page = await open('/');
    await page.waitForSelector('.state.training');
    await page.waitForSelector('#training svg[data-plot] path.line:visible');
    const text = () => page.textContent('.stages'), first = await text();
    const fold = () => page.$eval('#training details', details => details.open), before = await fold();
    await page.locator('#training summary').first().click();
    await page.waitForFunction(early => document.querySelector('.stages').textContent !== early, first);
    await page.waitForTimeout(2500);
    assert.equal(await fold(), !before, 'it stays as the reader left it');
    const words = await page.evaluate(() =>
      [...document.querySelectorAll('.state, .results em')].filter(element =>
        element.textContent === 'training').length);
    assert.equal(words, 1, 'it says once that it trains');
    await picture(page, 'live');
    const phone = await open('/', { viewport: kPhone, isMobile: true });
    await phone.waitForSelector('#training svg[data-plot] path.line:visible');
    await fits(phone);
    await picture(phone, 'live-phone');
    return { first, later: await text() };
  },

  async playground() {
    const page = await open('/');
    await page.click('#links >> text=Playground');
    await ready(page);
    assert.equal(await page.textContent('output[for=temperature]'), '4', 'soft targets show from the beginning');
    const seen = { example: await compareWithServer(page, 'distilled') };
    await picture(page, 'playground-example');
    await page.click('.thumbnail >> nth=3');
    await ready(page);
    seen.another = await compareWithServer(page, 'teacher');

    await page.click('button:text-is("Clear")');
    await ready(page);
    assert.match(await page.textContent('.bars'), /Draw/);
    await drawWithMouse(page);
    await page.waitForFunction(() => document.querySelectorAll('.sees .soft')[1]?.textContent === 'Your drawing');
    await ready(page);
    seen.mouse = await compareWithServer(page, 'distilled');
    const mean = await page.evaluate(() => {
      const canvas = document.querySelector('.seen'),
        { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let mass = 0, x = 0, y = 0, left = width, right = 0, top = height, bottom = 0;
      for (let i = 0; i < width * height; ++i) {
        const ink = data[4 * i], column = i % width, row = Math.floor(i / width);
        mass += ink;
        x += ink * (column + 0.5);
        y += ink * (row + 0.5);
        if (ink) [left, right, top, bottom] = [Math.min(left, column), Math.max(right, column), Math.min(top, row),
          Math.max(bottom, row)];
      }
      return { x: x / mass, y: y / mass, longest: Math.max(right - left, bottom - top) + 1 };
    });
    assert.ok(Math.abs(mean.x - 14) <= 0.6 && Math.abs(mean.y - 14) <= 0.6, `centre of mass at ${mean.x}, ${mean.y}`);
    assert.ok(mean.longest >= 19 && mean.longest <= 21, `the ink is ${mean.longest} pixels long`);
    await picture(page, 'playground-drawn');

    const before = await shares(page, 'distilled');
    await page.locator('#temperature').focus();
    for (let i = 0; i < 12; ++i) await page.keyboard.press('PageUp');
    await ready(page);
    const softer = await shares(page, 'distilled');
    assert.ok(Math.max(...softer) < Math.max(...before), 'a higher temperature softens');
    seen.softer = await compareWithServer(page, 'distilled');
    const filled = await page.$$eval('.bar-stack',
      stacks => Math.max(...stacks.flatMap(stack =>
        [...stack.children].map(bar => bar.offsetWidth / stack.offsetWidth))));
    assert.ok(filled > 0.6, `the longest bar fills ${filled} of its place`);
    assert.match(await page.textContent('.scale'), /^0\d+ %$/, 'the scale is said');
    await page.locator('#temperature').focus();
    await page.keyboard.press('Home');
    let keys = 0;
    for (; keys < 100 && (await page.textContent('output[for=temperature]')) !== '20'; ++keys)
      await page.keyboard.press('ArrowRight');
    assert.ok(keys <= 40, `${keys} keys from the coldest to the hottest`);
    await page.click('.buttons button:text-is("4")');
    assert.equal(await page.textContent('output[for=temperature]'), '4');

    await page.click('button:text-is("Clear")');
    await ready(page);
    assert.match(await page.textContent('.bars'), /Draw/);
    await page.locator('.pad').focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Space');
    for (let i = 0; i < 9; ++i) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await ready(page);
    seen.keyboard = await compareWithServer(page, 'teacher');
    await picture(page, 'playground-keyboard');

    // A picture from a file: a white square on black, as PNG made by the browser itself.
    const png = await page.evaluate(() => {
      const canvas = document.createElement('canvas');
      canvas.width = 80;
      canvas.height = 60;
      const context = canvas.getContext('2d');
      context.fillRect(0, 0, 80, 60);
      context.fillStyle = '#fff';
      context.fillRect(30, 20, 20, 20);
      return canvas.toDataURL('image/png').split(',')[1];
    });
    await page.setInputFiles('#file',
      { name: 'square.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') });
    await page.waitForFunction(() => document.querySelectorAll('.sees .soft')[1].textContent === 'square.png');
    await ready(page);
    seen.file = await compareWithServer(page, 'distilled');

    assert.equal(await page.$eval('.answer p:last-child', line => line.textContent.includes('in this browser')), true);
    await fits(page);
    await variants('/#/play/out', 'playground', ready);
    const phone = await open('/#/play/out', { viewport: kPhone, hasTouch: true, isMobile: true });
    await ready(phone);
    for (const part of ['.pad', '.answer >> nth=1', '.bar-row >> nth=-1']) {
      const { y, height } = await phone.locator(part).boundingBox();
      assert.ok(y >= 0 && y + height <= kPhone.height, `${part} is on the first screen: it ends at ${y + height}`);
    }
    const pad = await phone.locator('.pad').boundingBox();
    await phone.touchscreen.tap(pad.x + pad.width / 2, pad.y + pad.height / 2);
    await ready(phone);
    assert.equal(await phone.textContent('.sees .soft >> nth=1'), 'Your drawing', 'a finger draws');
    return seen;
  },

  /** Colour pictures; the network `program` has no ONNX form, so that the server computes it. */
  async program() {
    const page = await open('/#/play/out');
    await ready(page);
    assert.equal(await page.locator('.pad').count(), 0, 'colour pictures are chosen, not drawn');
    const seen = { here: await compareWithServer(page, 'teacher'), there: await compareWithServer(page, 'program') };
    await page.click('.thumbnail >> nth=1');
    await ready(page);
    seen.another = await compareWithServer(page, 'program');
    await page.locator('#temperature').focus();
    for (let i = 0; i < 6; ++i) await page.keyboard.press('PageUp');
    await ready(page);
    seen.softer = await compareWithServer(page, 'program');
    const times = await page.$$eval('.answer p:last-child', lines => lines.map(line => line.textContent));
    assert.match(await page.textContent('.note'), /\(program: by the server/);
    assert.ok(times[0].includes('in this browser') && times[1] === 'computed by the server', times.join(' | '));
    await picture(page, 'program');
    await variants('/#/play/out', 'program', ready);
    return seen;
  },

  /** An ensemble and the student that it taught come first, its members after them. */
  async ensemble() {
    const page = await open('/#/play/out');
    await ready(page);
    const names = await page.$$eval('.networks label', labels => labels.map(label => label.textContent.trim()));
    assert.deepEqual(names,
      ['ensemble', 'distilled', ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(member => `ensemble.${member}`)]);
    assert.match(await page.textContent('.answer[data-model="ensemble"]'), /10 × mlp 12/);
    const seen = { mean: await compareWithServer(page, 'ensemble') };
    await picture(page, 'ensemble');
    return seen;
  },

  /** The folder of `limbeck export --page` on some web server. */
  async static() {
    const page = await open('/index.html');
    await ready(page);
    await drawWithMouse(page);
    const sum = (await shares(page, 'distilled')).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6);
    await picture(page, 'static');
    return { distilled: await shares(page, 'distilled') };
  },

  async compare() {
    const page = await open('/');
    await page.click('#links >> text=Compare');
    await page.waitForSelector('.compared');
    const columns = await page.$$eval('.compared thead th', cells => cells.map(cell => cell.textContent));
    await page.selectOption('select[name=metric]', 'accuracy');
    await page.waitForFunction(() => document.querySelector('.compared td')?.textContent.includes('%'));
    await page.uncheck('input[name=run] >> nth=1');
    await page.waitForFunction(() => document.querySelectorAll('.compared thead th').length === 2);
    await page.check('input[name=run] >> nth=1');
    await page.waitForFunction(() => document.querySelectorAll('.compared thead th').length === 3);
    await page.waitForSelector('#curves svg[data-plot] path.line');
    assert.match(await page.textContent('.recipes'), /networks\.small\.mlp\.hidden.*\[16\]/);
    await fits(page);
    await picture(page, 'compare');
    await page.click('#links >> text=Runs');
    await page.waitForSelector('.runs tbody a');
    const names = () => page.$$eval('.runs tbody tr td:first-child b', cells => cells.map(cell => cell.textContent));
    await page.click('.sort:text-is("parameters")');
    assert.deepEqual(await names(), ['out', 'wider']);
    await page.click('.sort:text-is("parameters")');
    assert.deepEqual(await names(), ['wider', 'out']);
    assert.equal(await page.getAttribute('th:has(> .sort:text-is("parameters"))', 'aria-sort'), 'descending');
    await page.fill('#search', 'small wid');
    assert.deepEqual(await names(), ['wider']);
    await page.fill('#search', '');
    await fits(page);
    await picture(page, 'runs');
    await variants('/#/', 'runs', other => other.waitForSelector('.runs tbody a'));
    await variants('/#/compare', 'compare', other => other.waitForSelector('.compared'));
    return { columns };
  },
};

try {
  const seen = await steps[step]();
  assert.deepEqual(problems, [], 'the pages complain');
  const elsewhere = asked.filter(url => !url.startsWith(new URL('/', address).href) && !/^(data|blob):/.test(url));
  assert.deepEqual(elsewhere, [], 'nothing is asked for elsewhere');
  console.log(JSON.stringify(seen));
} catch (problem) {
  console.error(problem, problems);
  process.exitCode = 1;
} finally {
  await browser.close();
}
