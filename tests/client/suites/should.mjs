// The assertions the suites are written with, as far as they use them. A value is asked for them with `.should()`.

/** Runs in the page. */
export function installShould() {
  const show = (value) => (typeof value === 'function' ? value.name || 'a function' : JSON.stringify(value));

  const isObject = (value) => typeof value === 'object' && value !== null;
  const isWord = (value) => typeof value === 'number' || typeof value === 'string';

  /** Objects and arrays member by member. Whether a number came as a number or as text makes no difference. */
  function alike(one, other) {
    if (isWord(one) && isWord(other)) return String(one) === String(other);
    if (!isObject(one) || !isObject(other)) return one === other;
    const names = Object.keys(one);
    return (
      Array.isArray(one) === Array.isArray(other) &&
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && alike(one[name], other[name]))
    );
  }

  class Assertion {
    constructor(value) {
      this.value = value;
      this.be = this;
    }

    #demand(holds, relation, wanted) {
      if (!holds) throw new Error(`expected ${show(this.value)} to ${relation} ${show(wanted)}`);
    }

    eql(wanted) {
      this.#demand(alike(this.value, wanted), 'be like', wanted);
    }

    equal(wanted) {
      this.#demand(this.value === wanted, 'be', wanted);
    }

    match(pattern) {
      this.#demand(pattern.test(this.value), 'match', String(pattern));
    }

    a(type) {
      this.#demand(typeof this.value === type, 'be of type', type);
    }

    // The suites write these with and without parentheses. Both count.
    get be_true() {
      this.equal(true);
      return () => {};
    }

    get be_false() {
      this.equal(false);
      return () => {};
    }
  }

  Object.defineProperty(Object.prototype, 'should', {
    configurable: true,
    writable: true,
    value: function should() {
      // For `this` to be the value itself, not an object around it.
      'use strict';
      return new Assertion(this);
    },
  });
  // Suites that find this do not look for a module of assertions.
  window.should = Object.assign(() => window.should, {
    fail: (reason) => {
      throw new Error(reason);
    },
  });
}
