import type { Ref } from 'preact';

interface ToolsProps {
  search: string;
  onSearch: (text: string) => void;
  /** Enter: opens what was searched for. */
  onEnter: () => void;
  field: Ref<HTMLInputElement>;
  /** `undefined`: there is only one user. */
  users: readonly string[] | undefined;
  user: string | undefined;
  onUser: (user: string) => void;
}

/** Search by id, and for an admin the user. */
export function Tools({ search, onSearch, onEnter, field, users, user, onUser }: ToolsProps) {
  return (
    <div class="tools">
      <div class="search">
        <label class="vh" for="search">
          Search by job id
        </label>
        <input
          id="search"
          ref={field}
          type="search"
          placeholder="Job id"
          autoComplete="off"
          spellcheck={false}
          value={search}
          onInput={({ currentTarget }) => onSearch(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') onEnter();
            if (event.key !== 'Escape') return;
            // Esc leaves the field; the drawer stays.
            event.stopPropagation();
            onSearch('');
            event.currentTarget.blur();
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      {users !== undefined && (
        <div class="search user">
          <label class="vh" for="user">
            User
          </label>
          <input
            id="user"
            type="search"
            list="users"
            placeholder="All users"
            autoComplete="off"
            spellcheck={false}
            value={user ?? ''}
            onChange={({ currentTarget }) => onUser(currentTarget.value.trim())}
          />
          <datalist id="users">
            {users.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
      )}
      <span class="quiet push">
        <span class="keys">
          <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> closes
        </span>
        newest first
      </span>
    </div>
  );
}
