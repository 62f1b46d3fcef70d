"""Evidence: what happened in a run or a period, whole, with proofs; replays of runs; and how the trust side stands."""
