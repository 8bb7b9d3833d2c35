// From drawings and pictures to what a network takes: bytes [channels, height, width].

/** The weights with which each of `to` pixels is made of `from` pixels: a triangle as wide as a pixel of the smaller
    side. */
function triangleWeights(from, to) {
  const scale = from / to, reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale, first = Math.max(0, Math.floor(centre - reach)),
      last = Math.min(from, Math.ceil(centre + reach));
    const weights = [];
    for (let i = first; i < last; ++i) weights.push(Math.max(0, 1 - Math.abs(i + 0.5 - centre) / reach));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map(weight => weight / sum) };
  });
}

/** A plane {width, height, values} at another size, anti-aliased. */
export function resized(plane, width, height) {
  const columns = triangleWeights(plane.width, width), rows = triangleWeights(plane.height, height);
  const narrow = new Float32Array(width * plane.height), values = new Float32Array(width * height);
  for (let y = 0; y < plane.height; ++y)
    columns.forEach(({ first, weights }, x) => {
      let sum = 0;
      for (let i = 0; i < weights.length; ++i) sum += weights[i] * plane.values[y * plane.width + first + i];
      narrow[y * width + x] = sum;
    });
  rows.forEach(({ first, weights }, y) => {
    for (let x = 0; x < width; ++x) {
      let sum = 0;
      for (let i = 0; i < weights.length; ++i) sum += weights[i] * narrow[(first + i) * width + x];
      values[y * width + x] = sum;
    }
  });
  return { width, height, values };
}

function cropped(plane, left, top, width, height) {
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; ++y)
    values.set(plane.values.subarray((top + y) * plane.width + left, (top + y) * plane.width + left + width),
      y * width);
  return { width, height, values };
}

/** The smallest box that holds all ink; null where there is none. */
function inkBox({ width, height, values }) {
  const kInk = 8;  // of 255: less is a trace
  let left = width, right = -1, top = height, bottom = -1;
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x)
      if (values[y * width + x] > kInk) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = y;
      }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * As MNIST's digits were made (LeCun et al. 1998): the ink fills a box of 20 x 20 of the 28 x 28 pixels in its longer
 * direction, anti-aliased, and its centre of mass is the centre of the picture.
 */
export function centred(plane, width, height) {
  const box = inkBox(plane), values = new Float32Array(width * height);
  if (!box) return { width, height, values };
  const scale = Math.min(width, height) * (20 / 28) / Math.max(box.width, box.height);
  const ink = resized(cropped(plane, box.left, box.top, box.width, box.height),
    Math.max(1, Math.round(box.width * scale)), Math.max(1, Math.round(box.height * scale)));
  let mass = 0, x = 0, y = 0;
  ink.values.forEach((value, place) => {
    mass += value;
    x += value * (place % ink.width + 0.5);
    y += value * (Math.floor(place / ink.width) + 0.5);
  });
  const left = Math.round(width / 2 - x / mass), top = Math.round(height / 2 - y / mass);
  for (let row = 0; row < ink.height; ++row)
    for (let column = 0; column < ink.width; ++column)
      if (row + top >= 0 && row + top < height && column + left >= 0 && column + left < width)
        values[(row + top) * width + column + left] = ink.values[row * ink.width + column];
  return { width, height, values };
}

/** Planes of a canvas's pixels: red, green, blue, or their luminance alone. */
export function planesOf(image, channels) {
  const { width, height, data } = image,
    planes = Array.from({ length: channels }, () => new Float32Array(width * height));
  for (let i = 0; i < width * height; ++i) {
    const [red, green, blue] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    if (channels === 1) planes[0][i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    else [red, green, blue].forEach((value, channel) => { planes[channel][i] = value; });
  }
  return planes.map(values => ({ width, height, values }));
}

/** The middle of a picture that has the proportions of width and height. */
export function middle(plane, width, height) {
  const scale = Math.min(plane.width / width, plane.height / height);
  const w = Math.max(1, Math.round(width * scale)), h = Math.max(1, Math.round(height * scale));
  return cropped(plane, Math.floor((plane.width - w) / 2), Math.floor((plane.height - h) / 2), w, h);
}

export function bytesOf(planes) {
  const each = planes[0].values.length, bytes = new Uint8Array(planes.length * each);
  planes.forEach((plane, channel) =>
    plane.values.forEach((value, i) => { bytes[channel * each + i] = Math.max(0, Math.min(255, Math.round(value))); }));
  return bytes;
}

/** Shows bytes [channels, height, width] pixel by pixel. */
export function paint(canvas, bytes, [channels, height, width]) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d'), image = context.createImageData(width, height), each = width * height;
  for (let i = 0; i < each; ++i) {
    for (let colour = 0; colour < 3; ++colour)
      image.data[4 * i + colour] = bytes[(channels === 3 ? colour : 0) * each + i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** A file's picture as pixels, of at most 1024 a side. */
export async function readPicture(file) {
  const kLongest = 1024;
  const bitmap = await createImageBitmap(file), scale = Math.min(1, kLongest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
