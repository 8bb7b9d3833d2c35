// A drawing area for white ink on black: mouse, touch, pen, and the keyboard.
import { h } from './dom.js';

const kKeys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Pad {
  /** `size`: [height, width] of what the network takes; `changed` is called after each change of the drawing. */
  constructor([height, width], changed) {
    const scale = Math.max(4, Math.round(280 / Math.max(height, width)));
    this.changed = changed;
    this.pen = scale * Math.max(height, width) * (2.4 / 28);  // as thick as MNIST's
    this.step = scale;
    this.strokes = [];
    this.at = { x: width * scale / 2, y: height * scale / 2 };
    this.isDown = false;
    this.showsPen = false;
    this.ink = h('canvas', { width: width * scale, height: height * scale });
    this.canvas = h('canvas', {
      class: 'pad', width: width * scale, height: height * scale, tabindex: 0, role: 'application',
      'aria-describedby': 'pad-help',
      'aria-label': 'Drawing area',
      onpointerdown: event => this.begin(event), onpointermove: event => this.go(event), onpointerup: () => this.end(),
      onpointercancel: () => this.end(),
      onkeydown: event => this.key(event), onfocus: () => this.show(this.canvas.matches(':focus-visible')),
      onblur: () => this.show(false),
    });
    this.draw();
  }

  get isEmpty() { return this.strokes.length === 0; }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width * this.canvas.width,
      y: (event.clientY - box.top) / box.height * this.canvas.height };
  }

  begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.show(false);
    this.at = this.place(event);
    this.strokes.push([this.at]);
    this.dragging = true;
    this.update();
  }

  go(event) {
    if (!this.dragging) return;
    for (const each of event.getCoalescedEvents?.() ?? []) this.strokes.at(-1).push(this.place(each));
    this.at = this.place(event);
    this.strokes.at(-1).push(this.at);
    this.update();
  }

  end() { this.dragging = false; }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = kKeys[event.key];
    if (direction) {
      const step = this.step * (event.shiftKey ? 3 : 1), inside = (value, size) => Math.min(size, Math.max(0, value));
      this.at = { x: inside(this.at.x + direction[0] * step, this.canvas.width),
        y: inside(this.at.y + direction[1] * step, this.canvas.height) };
      if (this.isDown) this.strokes.at(-1).push(this.at);
    } else if (event.key === ' ') {
      this.isDown = !this.isDown;
      if (this.isDown) this.strokes.push([this.at]);
    } else if (event.key === 'Backspace') {
      this.undo();
    } else if (event.key === 'Delete') {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
    this.showsPen = true;
    this.update();
  }

  show(pen) {
    this.showsPen = pen;
    if (!pen) this.isDown = false;
    this.draw();
  }

  undo() {
    this.strokes.pop();
    this.isDown = false;
    this.update();
  }

  clear() {
    this.strokes = [];
    this.isDown = false;
    this.update();
  }

  update() {
    this.draw();
    this.changed();
  }

  draw() {
    const context = this.ink.getContext('2d', { willReadFrequently: true });
    context.fillStyle = '#000';
    context.fillRect(0, 0, this.ink.width, this.ink.height);
    context.strokeStyle = '#fff';
    context.lineWidth = this.pen;
    context.lineCap = context.lineJoin = 'round';
    for (const [first, ...rest] of this.strokes) {
      context.beginPath();
      context.moveTo(first.x, first.y);
      for (const { x, y } of rest.length ? rest : [first]) context.lineTo(x, y);
      context.stroke();
    }
    const shown = this.canvas.getContext('2d');
    shown.drawImage(this.ink, 0, 0);
    if (this.isEmpty && !this.showsPen) this.invite(shown);
    if (!this.showsPen) return;
    shown.strokeStyle = this.isDown ? '#25d398' : '#8fb6ff';
    shown.lineWidth = 3;
    shown.beginPath();
    shown.arc(this.at.x, this.at.y, this.pen / 2 + 2, 0, 2 * Math.PI);
    shown.stroke();
  }

  /** What an empty area says; the networks do not see it. */
  invite(context) {
    context.fillStyle = '#8a8a8a';
    context.font = `${Math.round(this.canvas.height / 16)}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText('Draw here', this.canvas.width / 2, this.canvas.height / 2);
  }

  pixels() { return this.ink.getContext('2d').getImageData(0, 0, this.ink.width, this.ink.height); }
}
