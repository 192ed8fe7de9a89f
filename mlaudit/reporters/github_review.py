"""The findings as a review of a pull request, with the edits of fixes as suggestions that one click applies.

The body of https://docs.github.com/en/rest/pulls/reviews#create-a-review-for-a-pull-request, so that
`gh api --method POST repos/OWNER/REPO/pulls/NUMBER/reviews --input review.json` posts it. GitHub takes comments on
lines that the pull request shows; others it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlaudit.model.nouns import Edit
from mlaudit.model.report import Finding, Report
from mlaudit.reporters._escape import for_json, for_markdown
from mlaudit.reporters._facts import compared, counts
from mlaudit.reporters._places import suggestion
from mlaudit.reporters._registry import Style, reporter

COMMENTS = 200
"""Comments of one review; GitHub refuses reviews that are much longer."""


@reporter
def render(report: Report, style: Style) -> str:
    """One comment for each edit of each finding, worst first; what has no edit is in the body of the review."""
    comments = [comment for finding in report.findings for comment in _comments(finding)]
    body = [f"mlaudit: {for_markdown(counts(report))}. {for_markdown(compared(report))}"]
    body += [f"- {_headline(finding)}" for finding in report.findings if not (finding.fix and finding.fix.edits)]
    if len(comments) > COMMENTS:
        body.append(f"- {len(comments) - COMMENTS} more suggestions are left out.")
    review = {"event": "COMMENT", "body": "\n".join(body), "comments": comments[:COMMENTS]}
    return for_json(json.dumps(review, indent=2)) + "\n"


def _comments(finding: Finding) -> Iterator[dict[str, object]]:
    for edit in finding.fix.edits if finding.fix is not None else ():
        if "\n" not in edit.old:
            yield {"path": edit.path, "line": edit.line, "side": "RIGHT", "body": _body(finding, edit)}


def _body(finding: Finding, edit: Edit) -> str:
    fix = finding.fix
    lines = [_headline(finding)]
    if fix is not None and fix.hazard:
        lines.append(f"Unsafe: {for_markdown(fix.hazard)}.")
    return "\n".join([*lines, *suggestion(edit, "suggestion")])


def _headline(finding: Finding) -> str:
    return f"**{finding.code}** {for_markdown(finding.message)}"
