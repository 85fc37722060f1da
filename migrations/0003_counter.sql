-- +goose Up

-- How far a start has come: raised by one at most once a second, with a commit that happens anyway, and by every
-- chatme backup. The witness beside the database has it too, so that an older copy of this very start is noticed.
ALTER TABLE boots ADD COLUMN counter INTEGER NOT NULL DEFAULT 0
    CHECK (counter >= 0);
