"""The HTML of a figure's controls: plain form fields that say what they are before any script runs."""

import json
from html import escape


def controls_html(specs: list[dict], figure: str) -> str:
    """Return the form of a figure's controls.

    The method keeps the Enter key from sending the form: outside a dialog it does nothing.

    Args:
        specs: the controls' specs in order, as the builder wrote them.
        figure: the figure's id, ``rnn/hidden_state``; it makes the fields' ids unique on the page.
    """
    if not specs:
        return ""
    fields = "".join(_control(spec, f"control-{figure.replace('/', '-')}-{spec['name']}") for spec in specs)
    return f'<form class="atlas-controls" method="dialog" data-search-exclude="true">{fields}</form>'


def _control(spec: dict, identity: str) -> str:
    help_id = f"{identity}-help"
    described = f' aria-describedby="{help_id}"' if spec.get("help") else ""
    content = _WRITERS[spec["type"]](spec, identity, described)
    if spec.get("help"):
        content += f'<small class="atlas-control__help" id="{help_id}">{escape(spec["help"])}</small>'
    return f'<div class="atlas-control" data-control="{spec["type"]}">{content}</div>'


def _label(spec: dict, identity: str) -> str:
    return f'<label for="{identity}">{escape(spec["label"])}</label>'


def _text(spec: dict, identity: str, described: str) -> str:
    optional = f' placeholder="{escape(spec["placeholder"])}"' if spec.get("placeholder") else ""
    optional += f' data-shared="{escape(spec["shared"])}"' if spec.get("shared") else ""
    optional += f' minlength="{spec["minLength"]}"' if spec.get("minLength") else ""
    return (
        f'{_label(spec, identity)}<input type="text" id="{identity}" name="{spec["name"]}" '
        f'value="{escape(spec["value"])}" maxlength="{spec["maxLength"]}"{optional} autocomplete="off" '
        f'autocapitalize="off" spellcheck="false"{described}>'
    )


def _slider(spec: dict, identity: str, described: str) -> str:
    values = spec["values"]
    shown = slider_text(spec, spec["value"])
    return (
        f'{_label(spec, identity)}<input type="range" id="{identity}" name="{spec["name"]}" min="0" '
        f'max="{len(values) - 1}" step="1" value="{values.index(spec["value"])}" '
        f"data-values='{_json(values)}' data-unit=\"{escape(spec.get('unit', ''))}\" "
        f'aria-valuetext="{escape(shown)}"{described}><output for="{identity}" aria-live="off">{escape(shown)}</output>'
    )


def slider_text(spec: dict, value: float) -> str:
    """Return a slider's value as the page shows it, with its unit."""
    return f"{value:g} {spec.get('unit', '')}".strip().replace("-", "−", 1 if value < 0 else 0)


def _choice(spec: dict, identity: str, described: str) -> str:
    options = "".join(
        f'<option value="{index}"{" selected" if option["value"] == spec["value"] else ""}>'
        f"{escape(option['label'])}</option>"
        for index, option in enumerate(spec["options"])
    )
    return (
        f'{_label(spec, identity)}<select id="{identity}" name="{spec["name"]}" '
        f"data-values='{_json(spec['values'])}'{described}>{options}</select>"
    )


def _toggle(spec: dict, identity: str, described: str) -> str:
    checked = " checked" if spec["value"] else ""
    box = f'<input type="checkbox" id="{identity}" name="{spec["name"]}"{checked}{described}>'
    return box + _label(spec, identity)


def _draw(spec: dict, identity: str, described: str) -> str:
    return (
        f'<span class="atlas-control__label">{escape(spec["label"])}</span>'
        f'<canvas id="{identity}" tabindex="0" role="application" '
        f'aria-label="{escape(spec["label"])}: arrow keys move, Space paints, Delete erases" '
        f'width="{spec["columns"] * 8}" height="{spec["rows"] * 8}" data-rows="{spec["rows"]}" '
        f'data-columns="{spec["columns"]}" data-name="{spec["name"]}"{described} '
        f"data-value='{_json(spec['value'])}'></canvas>"
        '<button type="button" data-action="clear">Clear</button>'
    )


def _point(spec: dict, identity: str, described: str) -> str:
    axes = "".join(
        f'<span><label for="{identity}-{axis}">{escape(spec.get(f"{axis}Title") or axis)}</label> '
        f'<input type="number" id="{identity}-{axis}" name="{spec["name"]}.{axis}" min="{spec[axis][0]:g}" '
        f'max="{spec[axis][1]:g}" step="any" value="{value:g}"{described}></span>'
        for axis, value in zip("xy", spec["value"], strict=True)
    )
    return (
        f'<span class="atlas-control__label" id="{identity}-label">{escape(spec["label"])}</span>'
        f'<span class="atlas-control__axes" role="group" aria-labelledby="{identity}-label">{axes}</span>'
    )


def _json(value: object) -> str:
    return escape(json.dumps(value, separators=(",", ":"), ensure_ascii=False), quote=True)


_WRITERS = {
    "text": _text,
    "slider": _slider,
    "choice": _choice,
    "toggle": _toggle,
    "draw": _draw,
    "point": _point,
}
