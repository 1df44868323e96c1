"""Why: the steps of a request (`requests`) and of a pick (`picks`). Imported when the first is asked for."""
