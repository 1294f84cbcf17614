// Fills a form by ODK Web Forms' engine, at random but validly, and writes what it would send.
// node fill.mjs FORM FOLDER_OF_ATTACHMENTS TARGET COUNT SEED KNOWN_ANSWERS
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from './engine.mjs';
import { Guess, randomOf } from './guess.mjs';

const TRIES = 3000;
const PASSES = 12;
const MOST_REPETITIONS = 3;
const ASKED = new Set(['input', 'select', 'rank', 'range', 'trigger', 'upload']);

const [formPath, folder, target, count, seed, knownPath] = process.argv.slice(2);
const known = readKnown(knownPath);

// Times the worker's clock sets, questions nobody sees and what a form computes are not asked.
function* asked(node) {
  if (!node.currentState.relevant) return;
  if (ASKED.has(node.nodeType)) {
    if (!node.currentState.readonly) yield node;
    return;
  }
  // Children come and go while their neighbours are answered.
  for (let at = 0; at < (node.currentState.children ?? []).length; at++) {
    yield* asked(node.currentState.children[at]);
  }
}

function* repeats(node) {
  if (!node.currentState.relevant) return;
  if (node.nodeType === 'repeat-range:uncontrolled') yield node;
  for (const child of node.currentState.children ?? []) yield* repeats(child);
}

const nameOf = (node) => node.currentState.reference.replace(/.*\//, '');
const isEmpty = (node) => ['', null].includes(node.currentState.value) || node.currentState.value?.length === 0;

// What the page would show is worked out too, and may fail.
function look(node) {
  node.currentState.label?.asString;
  node.currentState.hint?.asString;
  for (const option of node.currentState.valueOptions ?? []) option.label?.asString;
}

function answer(node, guess) {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    // A number too long for its kind, say: the page would not take it either.
    try {
      guess.answer(node, nameOf(node), attempt);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      continue;
    }
    if (node.validationState.violation === null) return;
  }
  if (node.currentState.required && node.currentState.relevant) {
    throw new Error(`found no valid answer for ${node.currentState.reference}`);
  }
}

async function fill(loaded, random) {
  const { root } = loaded.createInstance();
  const guess = new Guess(random, known);
  for (let pass = 0; pass < PASSES; pass++) {
    for (const range of repeats(root)) {
      const has = range.currentState.children.length;
      if (pass === 0 && has < MOST_REPETITIONS && guess.below(2)) range.addInstances();
    }
    for (const node of asked(root)) {
      look(node);
      const isWrong = node.validationState.violation !== null;
      const isWhim = pass === 0 && isEmpty(node) && guess.below(5) !== 0;
      if (isWrong || isWhim) answer(node, guess);
    }
    const payload = await root.prepareInstancePayload({ payloadType: 'monolithic' });
    if (payload.status === 'ready') return payload.data[0];
  }
  const left = root.validationState.violations.map((one) => one.reference);
  throw new Error(`not valid at the end: ${left.join(', ')}`);
}

function readKnown(path) {
  const found = new Map();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [name, value] = line.split('\t');
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

const loaded = await load(formPath, folder);
for (let number = 0; number < Number(count); number++) {
  let sent;
  try {
    sent = await fill(loaded, randomOf(Number(seed) * 1_000_003 + number));
  } catch (error) {
    throw new Error(`fill ${number} of seed ${seed}`, { cause: error });
  }
  const place = join(target, String(number).padStart(4, '0'));
  mkdirSync(place);
  for (const [name, part] of sent.entries()) {
    writeFileSync(join(place, name), Buffer.from(await part.arrayBuffer()));
  }
}
