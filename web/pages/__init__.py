"""The pages: server-rendered, whole without JavaScript."""
