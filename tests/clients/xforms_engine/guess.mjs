// Thinks up answers that could be right for a question: its constraint decides which is.

const SURNAMES = ['王', '李', '张', '刘', '陈', '杨', '阿依', '扎西', '降巴'];
const GIVEN = ['秀英', '建国', '桂兰', '志强', '小梅', '卓玛', '木果', '平', '𠮷'];
const WORDS = ['一组', '老屋基', '无', "O'Neil & <Söhne>", 'two words', '东—西', 'x', '12'];
const REACH = [1, 5, 12, 100, 300, 3_000, 30_000];
const DAY_MS = 86_400_000;

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Guess {
  /** `known` are answers that chance would not find, by the question's name. */
  constructor(random, known) {
    this.random = random;
    this.known = known;
  }

  below(limit) {
    return Math.floor(this.random() * limit);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Gives a question some answer, or none where there is nothing to choose. */
  answer(node, name, attempt) {
    const known = this.known.get(name);
    if (known && attempt < 20 && node.nodeType === 'input') {
      node.setValue(this.pick(known));
      return;
    }
    const options = (node.currentState.valueOptions ?? []).map((option) => option.value);
    switch (node.nodeType) {
      case 'select':
        if (options.length) this.select(node, options);
        return;
      case 'rank':
        node.setValues([...options].sort(() => this.random() - 0.5));
        return;
      case 'trigger':
        node.setValue(true);
        return;
      case 'upload':
        node.setValue(new File(['a photo'], `${this.below(1e6)}.jpg`, { type: 'image/jpeg' }));
        return;
      case 'range':
        node.setValue(String(this.number(attempt)));
        return;
      default:
        node.setValue(this.typed(node.valueType, attempt));
    }
  }

  select(node, options) {
    if (node.selectType === 'select1') {
      node.selectValue(this.pick(options));
      return;
    }
    const count = 1 + this.below(Math.min(3, options.length));
    node.selectValues([...new Set(Array.from({ length: count }, () => this.pick(options)))]);
  }

  typed(kind, attempt) {
    switch (kind) {
      case 'int':
        return String(this.number(attempt));
      case 'decimal':
        return (this.number(attempt) + this.below(100) / 100).toFixed(2);
      case 'date':
        return this.day();
      case 'time':
        return `${this.digits(1, 2)}:30:00`;
      case 'dateTime':
        return `${this.day()}T09:30:00.000+08:00`;
      case 'geopoint':
        return this.point();
      case 'geotrace':
      case 'geoshape': {
        const corner = this.point();
        return [corner, this.point(), this.point(), corner].join('; ');
      }
      default:
        return this.text();
    }
  }

  /** Small at first: what a form repeats as often as a number says is made before it is refused. */
  number(attempt) {
    const reach = REACH[this.below(Math.min(REACH.length, 1 + Math.floor(attempt / 4)))];
    // Years are asked for often, and 30,000 numbers hold few of them.
    const isYear = attempt > 8 && this.below(8) === 0;
    return isYear ? 1930 + this.below(95) : this.below(reach + 1);
  }

  day() {
    const distance = this.below(this.pick(REACH) + 1) * (this.below(3) === 0 ? 1 : -1);
    return new Date(Date.now() + distance * DAY_MS).toISOString().slice(0, 10);
  }

  point() {
    const [north, east] = [31.9 + this.below(1000) / 1e4, 104.3 + this.below(1000) / 1e4];
    return `${north.toFixed(6)} ${east.toFixed(6)} 609.5 ${1 + this.below(20)}`;
  }

  text() {
    switch (this.below(5)) {
      case 0:
        return this.pick(WORDS);
      case 1:
        return `1${3 + this.below(7)}${this.digits(9)}`;
      case 2:
        return `H${this.digits(6)}`;
      case 3:
        return this.digits(1 + this.below(12));
      default:
        return this.pick(SURNAMES) + this.pick(GIVEN);
    }
  }

  digits(count, first = 10) {
    return Array.from({ length: count + (first < 10 ? 1 : 0) }, (_, at) =>
      this.below(at === 0 ? first : 10),
    ).join('');
  }
}
