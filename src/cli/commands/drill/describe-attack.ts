import { ATTACK_TEXTS } from '../../../drill/attack-kinds.js';
import type { DrillResult } from '../../../drill/result.js';
import type { Column } from '../../output/columns.js';
import type { Field, Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';

type AttackResult = NonNullable<DrillResult['attack']>;

export function attackFields(page: Page, attack: AttackResult): Field[] {
  const { files, locked, mode, left, left_until: until } = attack;
  const locks = mode === null ? 'none of them locked' : `${locked} locked, ${mode}`;
  const keys = attack.may_delete === false ? '; these keys may delete no version at all' : '';
  const when = until === null ? '' : `; locked until ${page.people.clock(until)}`;
  return [
    { label: 'attacked', text: `a copy of ${countOf(files, 'file')}, ${locks}${keys}` },
    { label: 'spared', text: attack.spared, tone: 'muted' },
    ...(left === null
      ? []
      : [{ label: 'left', text: `${left}${when}; a later drill here removes it` }]),
  ];
}

type Row = AttackResult['tried'][number];

function countColumn(name: 'tried' | 'refused' | 'succeeded' | 'unclear'): Column<Row> {
  return {
    ...{ title: name, name, align: 'right' },
    value: (row) => row[name],
    show: (row, people) => people.count(row[name]),
  };
}

export const attackColumns: Column<Row>[] = [
  {
    title: 'attack',
    name: 'kind',
    value: ({ kind }) => kind,
    show: ({ kind }) => ATTACK_TEXTS[kind],
  },
  countColumn('tried'),
  countColumn('refused'),
  countColumn('succeeded'),
  countColumn('unclear'),
];
