import type { Column } from './columns.js';
import type { FieldNames, FieldPaths } from './fields.js';
import { FieldPicker, checkPaths, unknownField } from './fields.js';

export interface FieldOptions {
  /** --fields: of a document, or of each row. */
  fields: FieldPaths | undefined;
  /** Whether an unknown field is an error: not where work was done, of which this is the report. */
  strictFields: boolean;
  warn: (message: string) => void;
}

/** What of an answer is printed with --fields; all of it without. */
export class ChosenFields {
  readonly #options: FieldOptions;

  constructor(options: FieldOptions) {
    this.#options = options;
  }

  /** Throws `usage` for a field that the document lacks. */
  ofDocument(json: object): object {
    const { fields } = this.#options;
    if (fields === undefined) return json;
    const picker = new FieldPicker(fields);
    const picked = picker.pick(json);
    for (const name of picker.missing) this.#refuse(unknownField(name, Object.keys(json)));
    return picked;
  }

  /** Throws `usage` for a field that no row can have. */
  ofRows(known: FieldNames): RowFields | undefined {
    const { fields } = this.#options;
    if (fields === undefined) return undefined;
    const { errors, open } = checkPaths(fields, known);
    errors.forEach((error) => this.#refuse(error));
    const picker = new FieldPicker(fields);
    return {
      pick: (row) => picker.pick(row),
      refuseMissing: () => {
        for (const name of picker.missing) {
          if (open.includes(name)) this.#refuse(unknownField(name, Object.keys(known)));
        }
      },
    };
  }

  /** Throws `usage` for a field that is no column. */
  ofColumns<Row>(columns: readonly Column<Row>[]): readonly Column<Row>[] {
    const names = columns.map(({ name }) => name);
    const chosen = this.#options.fields?.flatMap((path) => {
      const name = path.join('.');
      const column = columns.find((one) => one.name === name);
      if (column === undefined) this.#refuse(unknownField(name, names));
      return column === undefined ? [] : [column];
    });
    return chosen ?? columns;
  }

  #refuse(error: Error): void {
    if (this.#options.strictFields) throw error;
    this.#options.warn(error.message);
  }
}

export interface RowFields {
  pick(row: object): object;
  /** After the last row. Throws `usage` for a field below a declared one that no row has. */
  refuseMissing(): void;
}
