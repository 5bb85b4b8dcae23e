"""A run that can be written as the command would."""

from abc import ABC, abstractmethod
from pathlib import Path

from runs.outcome.folder import claimed_folder


class SavedRun(ABC):
    """What results of one market and of several share."""

    def save(self, folder: Path | str, *, overwrite: bool = False, layers: bool = False) -> Path:
        """Write the folder that `runs.backtest` leaves, whole or not at all, and return it.

        With `layers` the map can be chosen by group of leverages too, and by exchange where there are several.

        Raises
        ------
        FolderError
            If the place is taken, or the disk refuses; then nothing is left.
        """
        with claimed_folder("", Path(folder), overwrite) as (target, temporary):
            self.write(target, temporary, layers)
        return target

    @abstractmethod
    def write(self, target: Path, temporary: Path, layers: bool = False) -> None:
        """Write all files of the run into a claimed folder."""
