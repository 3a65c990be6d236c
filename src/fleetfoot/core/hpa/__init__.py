"""Kubernetes' Horizontal Pod Autoscaler as published, pure: the policy ``hpa`` and the rival of that name share it."""
