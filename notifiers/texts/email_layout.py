"""How an e-mail is laid out, as plain text and as HTML that loads nothing and links only to phone and map."""

from jinja2 import Environment, StrictUndefined

_PLAIN = Environment(
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 - plain text is not escaped; the HTML part is
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_HTML = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)

# Every line of the reporter's words is marked, so that none can pass for one of ours.
PLAIN = _PLAIN.from_string("""\
{% for line in opening %}
{{ line }}
{% endfor %}
{% for section in sections %}

{% for row in section %}
{% if row.quoted %}
{{ row.label }}:
{% for line in row.value.splitlines() %}
> {{ line }}
{% endfor %}
{% else %}
{{ row.label }}: {{ row.value }}
{% endif %}
{% endfor %}
{% endfor %}

{% for line in closing %}
{{ line }}
{% endfor %}
""")

HTML = _HTML.from_string("""\
<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ subject }}</title>
</head>
<body style="font-family: sans-serif; font-size: 16px; line-height: 1.4; color: #111; background: #fff">
{% if prefix %}
<p style="border: 3px solid #111; padding: 8px"><strong>{{ prefix }}</strong></p>
{% endif %}
<h1 style="font-size: 22px">{{ heading }}</h1>
{% if alarm %}
<p style="border: 3px solid #b00; padding: 8px; color: #b00"><strong>{{ alarm }}</strong></p>
{% endif %}
{% for line in intro %}
<p>{{ line }}</p>
{% endfor %}
{% for section in sections %}
<table style="border-collapse: collapse; margin: 16px 0">
{% for row in section %}
<tr>
<th scope="row" style="text-align: left; vertical-align: top; padding: 4px 16px 4px 0">{{ row.label }}</th>
<td style="vertical-align: top; padding: 4px 0">
{%- if row.quoted -%}
<blockquote lang="{{ row.language }}" style="margin: 0; white-space: pre-wrap">{{ row.value }}</blockquote>
{%- elif row.href -%}
<a href="{{ row.href }}">{{ row.value }}</a>
{%- else -%}
{{ row.value }}
{%- endif -%}
</td>
</tr>
{% endfor %}
</table>
{% endfor %}
{% for line in closing %}
<p>{{ line }}</p>
{% endfor %}
</body>
</html>
""")
