// Elements of the page. Whatever people write becomes text in it, never markup.

export const byId = (id) => document.getElementById(id);

/** A new element with these properties. Its children are elements or texts. */
export function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A letter on a ground whose colour comes from the name. */
export function portrait(name) {
  let hue = 0;
  for (const character of name) hue = (hue * 31 + character.codePointAt(0)) % 360;
  const made = make('span', { className: 'portrait' }, [...name][0].toUpperCase());
  made.setAttribute('aria-hidden', 'true');
  made.style.setProperty('--hue', hue);
  return made;
}

/** Names may be written in any direction, and must not turn what is around them. */
export const isolated = (text) => make('bdi', {}, text);

export const count = (number, thing) => `${number} ${thing}${number === 1 ? '' : 's'}`;
