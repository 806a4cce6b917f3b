"""Settings that suit a workspace: tried on one part of its questions, judged on the rest."""
