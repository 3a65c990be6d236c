"""A Django app in one file that counts its own requests. From this folder: fleetfoot up.

In a project of several files only the last line is needed, in wsgi.py.
"""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

import fleetfoot_agent
from fleetfoot_agent import agent

settings.configure(ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, MIDDLEWARE=[], LOGGING_CONFIG=None)
django.setup()


def hello(_: HttpRequest) -> HttpResponse:
    return JsonResponse({"pid": os.getpid()})


def order(_: HttpRequest) -> HttpResponse:
    agent.count("orders")  # the signal app.orders, per second
    return JsonResponse({"state": "accepted"}, status=201)


def broken(_: HttpRequest) -> HttpResponse:
    raise RuntimeError("counted as an error")


urlpatterns = [path("", hello), path("orders", order), path("broken", broken)]
app = fleetfoot_agent.install(get_wsgi_application(), eager=False)
