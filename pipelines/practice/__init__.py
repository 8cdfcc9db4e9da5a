"""Learning from calls: exemplars, playlists of them, and quizzes to practise with."""
