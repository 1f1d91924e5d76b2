// Small parts of the page: buttons, text areas that grow, copying, files.

function buttonOf(text, act, attributes = {}) {
    const button = make('button', { type: 'button', ...attributes }, text);
    button.addEventListener('click', act);
    return button;
}

/** Makes a text area as high as what is in it. */
function fit(area) {
    area.style.height = 'auto';
    area.style.height = area.scrollHeight + 2 + 'px';
}

/** Copies a text, and says so on the button for a moment. */
async function copied(text, button) {
    const name = button.textContent;
    const isCopied = await copyText(text);
    button.textContent = isCopied ? 'Copied' : 'Not allowed';
    setTimeout(() => { button.textContent = name; }, 1500);
}

async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        // The clipboard is only for addresses that the browser calls secure; this is for others.
        const area = make('textarea', { class: 'unseen', 'aria-hidden': 'true' });
        area.value = text;
        const focused = document.activeElement;
        document.body.append(area);
        area.select();
        const isCopied = document.execCommand('copy');
        area.remove();
        focused?.focus();
        return isCopied;
    }
}

/** Hands a text to the person as a file. */
function download(text, name) {
    const address = URL.createObjectURL(new Blob([text]));
    make('a', { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** A date as people say it: the time today, else the day. */
function dayText(milliseconds) {
    const [date, now] = [new Date(milliseconds), new Date()];
    const two = number => String(number).padStart(2, '0');
    if (date.toDateString() === now.toDateString()) {
        return two(date.getHours()) + ':' + two(date.getMinutes());
    }
    const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August',
        'September', 'October', 'November', 'December'];
    const year = date.getFullYear() === now.getFullYear() ? '' : ' ' + date.getFullYear();
    return date.getDate() + ' ' + months[date.getMonth()] + year;
}
