import { monthChoices, monthText } from '../text/months.js';

/** Daily counters live for 90 days, so that older months have expired. */
const MONTHS = 6;

interface MonthChoiceProps {
  current: string;
  chosen: string;
  /** Of the chosen month, once it is known. */
  state: string | undefined;
  onMonth: (month: string) => void;
}

export function MonthChoice({ current, chosen, state, onMonth }: MonthChoiceProps) {
  return (
    <>
      <label class="vh" for="month">
        Month
      </label>
      <select id="month" value={chosen} onChange={({ currentTarget: { value } }) => onMonth(value)}>
        {monthChoices(current, chosen, MONTHS).map((month) => {
          const known = month === current ? 'open' : month === chosen ? state : undefined;
          return (
            <option key={month} value={month}>
              {monthText(month)}
              {known !== undefined && `, ${known}`}
            </option>
          );
        })}
      </select>
    </>
  );
}

/** The user whose bill it is, for an administrator. */
export function UserChoice({
  user,
  onUser,
}: {
  user: string | undefined;
  onUser: (user: string) => void;
}) {
  return (
    <div class="search user">
      <label class="vh" for="user">
        User
      </label>
      <input
        id="user"
        type="search"
        placeholder="User"
        autoComplete="off"
        spellcheck={false}
        value={user ?? ''}
        onChange={({ currentTarget }) => onUser(currentTarget.value.trim())}
      />
    </div>
  );
}
