"""One file a step, each named by what it does; a step that has shipped is never changed."""
