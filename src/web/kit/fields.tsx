import type { Ref } from 'preact';
import { monthChoices, monthText } from '../text/months.js';

interface SearchFieldProps {
  label: string;
  placeholder: string;
  value: string;
  /** `/` leads to it. */
  field: Ref<HTMLInputElement>;
  /** Called as somebody types; `''` when the field is left with Esc. */
  onSearch: (text: string) => void;
  onEnter?: () => void;
}

/** Searches while somebody types. */
export function SearchField({
  label,
  placeholder,
  value,
  field,
  onSearch,
  onEnter,
}: SearchFieldProps) {
  return (
    <div class="search">
      <label class="vh" for="search">
        {label}
      </label>
      <input
        id="search"
        ref={field}
        type="search"
        placeholder={placeholder}
        autoComplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onSearch(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onEnter?.();
          if (event.key !== 'Escape') return;
          // Esc leaves the field, and closes nothing.
          event.stopPropagation();
          onSearch('');
          event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

interface UserFieldProps {
  user: string | undefined;
  /** What is shown without a user. */
  placeholder: string;
  /** Names to choose from; any other can be typed. */
  names?: readonly string[];
  onUser: (user: string) => void;
}

/** The user whose data are shown, for an administrator. */
export function UserField({ user, placeholder, names, onUser }: UserFieldProps) {
  return (
    <div class="search user">
      <label class="vh" for="user">
        User
      </label>
      <input
        id="user"
        type="search"
        list={names === undefined ? undefined : 'users'}
        placeholder={placeholder}
        autoComplete="off"
        spellcheck={false}
        value={user ?? ''}
        onChange={({ currentTarget }) => onUser(currentTarget.value.trim())}
      />
      {names !== undefined && (
        <datalist id="users">
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </div>
  );
}

/** Daily counters live for 90 days, so that older months have expired. */
const MONTHS = 6;

interface MonthFieldProps {
  current: string;
  /** A month, or the value of `other`. */
  chosen: string;
  /** Of the chosen month, once it is known. */
  state?: string | undefined;
  /** What can be chosen besides months. */
  other?: { value: string; title: string };
  onMonth: (month: string) => void;
}

export function MonthField({ current, chosen, state, other, onMonth }: MonthFieldProps) {
  const month = chosen === other?.value ? current : chosen;
  return (
    <>
      <label class="vh" for="month">
        Month
      </label>
      <select id="month" value={chosen} onChange={({ currentTarget: { value } }) => onMonth(value)}>
        {monthChoices(current, month, MONTHS).map((choice) => {
          const known = choice === current ? 'open' : choice === month ? state : undefined;
          return (
            <option key={choice} value={choice}>
              {monthText(choice)}
              {known !== undefined && `, ${known}`}
            </option>
          );
        })}
        {other !== undefined && <option value={other.value}>{other.title}</option>}
      </select>
    </>
  );
}
