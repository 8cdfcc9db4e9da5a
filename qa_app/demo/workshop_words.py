"""What the sample's people write when they agree and learn, in both languages."""

from typing import Any, Final

from models.vocab import GuideKind

SAY: Final = {
    "en": {
        "round": "November round: how we hear the opening",
        "agreed": "First name and company were said; that is what the guidance asks for.",
        "session": "We listened twice. A first name is enough, as long as the company is said.",
        "quiz": "A good call: what earns points",
        "quiz_about": "One call, about ten minutes. Score it as you hear it, then compare.",
    },
    "zh_Hans": {
        "round": "十一月校准：怎样听开场",
        "agreed": "说了姓氏和公司，符合指南的要求。",
        "session": "我们听了两遍：只要说了公司，报姓氏就可以。",
        "quiz": "一通好电话：哪里得分",
        "quiz_about": "一通电话，约十分钟。先按自己听到的评分，再做对照。",
    },
}

DRAFT: Final[dict[str, Any]] = {
    "text": {"en": "Says what happens next, and when", "zh_Hans": "说明接下来做什么、什么时候做"},
    "guidance": {
        "en": "The customer knows the next step and its day before the call ends.",
        "zh_Hans": "通话结束前，客户知道下一步和时间。",
    },
    "examples": {
        "en": "“The papers come by e-mail today, and I call you on Thursday.” earns the points.",
        "zh_Hans": "“资料今天发到您的邮箱，周四我再给您打电话。”可以得分。",
    },
    "comments": (
        (
            "next_steps",
            "emma",
            "Good one. What if the customer says no: is there a next step at all?",
            ("martin", "Then it does not apply. I will add that to the guidance."),
        ),
        ("next_steps", "lina", "如果客户当场办理完，还需要说下一步吗？", None),
        ("", "liam", "Two points more for the closing seem fair to me.", None),
    ),
}

_SALES_SCRIPT = {
    "en": (
        "Call script: offer by phone",
        (
            "# Opening\n- Greet, first name, company\n- Ask for the right person\n"
            "- Say why we call, and that the call is recorded\n\n"
            "# Need\n- “How do you use it today?”\n- Let the customer finish, then say it back\n\n"
            "# Offer\n- Price, term, what changes: in this order\n- Promise only what is sure\n\n"
            "# Closing\n- Read the order back\n- Thank the customer"
        ),
    ),
    "zh_Hans": (
        "外呼话术：电话推荐",
        (
            "# 开场\n- 问候，报姓氏和公司\n- 确认是本人\n- 说明来意，并告知通话有录音\n\n"
            "# 需求\n- “您现在是怎么用的？”\n- 让客户说完，复述听到的内容\n\n"
            "# 产品\n- 依次说明价格、期限和变化\n- 只承诺核实过的内容\n\n"
            "# 结束\n- 复述订单内容\n- 感谢客户"
        ),
    ),
}
_SALES_GUIDE = {
    "en": (
        "How we score offers by phone",
        (
            "# Opening\nA first name and the company are enough.\n\n"
            "# Needs\nOne open question, and an answer that is taken up, earns the full points.\n\n"
            "# When in doubt\nGive the points and write down why: it helps the next round."
        ),
    ),
    "zh_Hans": (
        "外呼评分指南",
        (
            "# 开场\n报姓氏和公司即可。\n\n"
            "# 需求\n问一个开放式问题，并回应客户的回答，可得满分。\n\n"
            "# 拿不准时\n先给分，并写下理由，供下次校准讨论。"
        ),
    ),
}
_SERVICE_SCRIPT = {
    "en": (
        "Call script: service line",
        (
            "# Opening\n- Greet, first name, company\n- Check who calls, then open the account\n\n"
            "# Help\n- Ask what has been tried\n- Say what you do while you do it\n\n"
            "# Closing\n- Say what happens next, and when\n- Ask whether anything is open"
        ),
    ),
    "zh_Hans": (
        "服务热线话术",
        (
            "# 开场\n- 问候，报姓氏和公司\n- 查看账户前核实来电人\n\n"
            "# 帮助\n- 询问已经试过什么\n- 一边操作一边说明\n\n"
            "# 结束\n- 说明接下来做什么、什么时候做\n- 询问是否还有其他问题"
        ),
    ),
}
_SERVICE_GUIDE = {
    "en": (
        "How we score service calls",
        (
            "# Identity\nTwo features at least. It does not apply to general questions.\n\n"
            "# Hold\nA wait that is announced and explained earns the points, long or short.\n\n"
            "# When in doubt\nGive the points and write down why: it helps the next round."
        ),
    ),
    "zh_Hans": (
        "客服评分指南",
        (
            "# 核实身份\n至少核对两项。一般咨询不适用。\n\n"
            "# 等待\n等待前有说明，无论多久都可得分。\n\n"
            "# 拿不准时\n先给分，并写下理由，供下次校准讨论。"
        ),
    ),
}

GUIDES: Final = {
    (True, GuideKind.SCRIPT): _SALES_SCRIPT,
    (True, GuideKind.EVALUATION): _SALES_GUIDE,
    (False, GuideKind.SCRIPT): _SERVICE_SCRIPT,
    (False, GuideKind.EVALUATION): _SERVICE_GUIDE,
}
