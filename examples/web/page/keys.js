// The keyboard: a definition for each key, a row for each part of the patch.

export const ROWS = [
  {
    name: 'osc',
    title: 'Oscillator',
    numbers: 'Hz',
    keys: ['0', '110', '130.81', '164.81', '196', '220', '261.63', '329.63'],
    labels: ['off', 'A2', 'C3', 'E3', 'G3', 'A3', 'C4', 'E4'],
    codes: ['Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8'],
    letters: '12345678',
    first: '0',
  },
  {
    name: 'lowpass',
    title: 'Low-pass',
    numbers: 'Hz, Q',
    keys: ['300 2', '500 4', '900 2', '1500 8', '2400 0.7', '4000 3', '8000 0.7', '18000 0.7'],
    labels: ['300', '500', '900', '1.5k', '2.4k', '4k', '8k', 'open'],
    codes: ['KeyQ', 'KeyW', 'KeyE', 'KeyR', 'KeyT', 'KeyY', 'KeyU', 'KeyI'],
    letters: 'QWERTYUI',
    first: '18000 0.7',
  },
  {
    name: 'delay',
    title: 'Delay',
    numbers: 'seconds, feedback',
    keys: ['0.3 0', '0.12 0.4', '0.2 0.6', '0.3 0.5', '0.375 0.6', '0.45 0.7', '0.6 0.5', '0.75 0.8'],
    labels: ['off', '.12', '.2', '.3', '.375', '.45', '.6', '.75'],
    codes: ['KeyA', 'KeyS', 'KeyD', 'KeyF', 'KeyG', 'KeyH', 'KeyJ', 'KeyK'],
    letters: 'ASDFGHJK',
    first: '0.3 0',
  },
  {
    name: 'grain',
    title: 'Grains',
    numbers: 'milliseconds',
    keys: ['0', '15', '40', '80', '120', '180', '250', '400'],
    labels: ['off', '15', '40', '80', '120', '180', '250', '400'],
    codes: ['KeyZ', 'KeyX', 'KeyC', 'KeyV', 'KeyB', 'KeyN', 'KeyM', 'Comma'],
    letters: 'ZXCVBNM,',
    first: '0',
  },
];

// Makes the rows. `play` is called with the line that a key stands for.
export function makeKeyboard(place, play) {
  const buttons = new Map();
  for (const row of ROWS) {
    const section = document.createElement('section');
    section.className = 'row';
    section.dataset.name = row.name;
    section.innerHTML = '<h3></h3><output></output><div class="keys"></div>';
    section.querySelector('h3').innerHTML = `${row.title} <small>${row.numbers}</small>`;
    section.querySelector('output').textContent = `${row.name} ${row.first}`;
    const keys = section.querySelector('.keys');
    keys.setAttribute('role', 'group');
    keys.setAttribute('aria-label', row.title);
    row.keys.forEach((numbers, at) => {
      const line = `${row.name} ${numbers}`;
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.line = line;
      button.title = line;
      button.innerHTML = '<b></b><kbd></kbd>';
      button.querySelector('b').textContent = row.labels[at];
      button.querySelector('kbd').textContent = row.letters[at];
      button.setAttribute('aria-label', line);
      button.addEventListener('click', () => play(line));
      keys.append(button);
      buttons.set(row.codes[at], button);
    });
    place.append(section);
  }
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.matches('input[type=text], select, [type=range]');
    if (isTyping || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = buttons.get(event.code);
    if (!button) return;
    event.preventDefault();
    button.classList.add('pressed');
    button.click();
  });
  document.addEventListener('keyup', (event) => buttons.get(event.code)?.classList.remove('pressed'));
}

// Shows what a part of the patch is defined as now.
export function show(definition) {
  const [name, ...numbers] = definition.split(' ');
  const section = document.querySelector(`.row[data-name="${name}"]`);
  if (!section) return;
  section.querySelector('output').textContent = definition;
  const row = ROWS.find((row) => row.name === name);
  const isOff = row.first === numbers.join(' ');
  section.classList.toggle('off', isOff);
  for (const button of section.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.line === definition));
  }
}
