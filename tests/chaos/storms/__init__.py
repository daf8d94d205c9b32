"""Storms: thousands of events at once while processes, broker and providers fail, judged by what arrived."""
