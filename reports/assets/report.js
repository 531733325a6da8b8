(function () {
'use strict';
var tip = document.createElement('div');
tip.className = 'tip';
tip.hidden = true;
document.querySelectorAll('g[data-from]').forEach(function (axis) {
	var svg = axis.ownerSVGElement, set = axis.dataset, heads = [], mark;
	var first = svg.closest('figure').querySelector('tr[data-t]') || svg.closest('section').querySelector('tr[data-t]');
	if (!first) return;
	var table = first.closest('table'), rows = table.querySelectorAll('tr[data-t]');
	document.body.appendChild(tip);
	table.querySelectorAll('thead th').forEach(function (th) { heads.push(th.textContent); });
	mark = document.createElementNS('http://www.w3.org/2000/svg', 'path');
	mark.setAttribute('class', 'mean');
	svg.appendChild(mark);
	svg.addEventListener('mousemove', function (e) {
		var r = svg.getBoundingClientRect(), x = (e.clientX - r.left) * svg.viewBox.baseVal.width / r.width, row = first, text = [];
		var t = +set.from + (x - set.left) / (set.right - set.left) * (set.to - set.from);
		rows.forEach(function (one) { if (+one.dataset.t <= t) row = one; });
		tip.hidden = x < set.left || x > set.right;
		mark.setAttribute('d', tip.hidden ? '' : 'M' + x.toFixed(1) + ' 18V' + (svg.viewBox.baseVal.height - 22));
		for (var i = 0; i < row.cells.length; i++)
			if (row.cells[i].textContent) text.push((heads[i] + ' ' + row.cells[i].textContent).trim());
		tip.textContent = text.join('\n');
		tip.style.left = Math.min(e.pageX + 14, document.documentElement.clientWidth - 180) + 'px';
		tip.style.top = e.pageY + 16 + 'px';
	});
	svg.addEventListener('mouseleave', function () { tip.hidden = true; mark.setAttribute('d', ''); });
});
})();
(function () {
'use strict';
var svg = document.getElementById('gantt'), data = document.getElementById('zoom-data');
if (!svg || !data) return;
var NS = 'http://www.w3.org/2000/svg', raw = atob(data.textContent.trim()), pos = 0;
var bars = document.getElementById('bars'), axis = svg.querySelector('.axis');
var set = bars.dataset, top = +set.top, high = +set.height, left = +set.left, wide = set.right - left;
var share = [45, 8, 8, 80, 50, 62, 30], cls = ['connect', 'queue', 'queue', 'execute', 'blocked', 'fetch', 'other'];
var says = ['done', 'done', 'failed', 'unknown'], lanes = [], names = [];
function num() {
	var v = 0, s = 1, b;
	do { b = raw.charCodeAt(pos++); v += (b & 127) * s; s *= 128; } while (b > 127);
	return v;
}
document.querySelectorAll('#tasks tbody th').forEach(function (th) { names.push(th.textContent); });
var unit = num(), wall = num() || 1, kind = num(), letter = kind & 1 ? 'w' : 's', sampled = kind & 2, count = num();
for (var i = 0; i < count; i++) {
	var l = {label: letter + num(), pid: num(), from: num(), items: []}, at = 0;
	l.ready = l.from + num();
	l.go = l.ready + num();
	for (var k = num(); k > 0; k--) {
		var a = {taken: at += num()}, meta;
		a.from = a.taken + num();
		a.to = a.from + num();
		at = a.end = a.to + num();
		meta = num();
		a.task = names[meta >> 3] || 'task ' + ((meta >> 3) + 1);
		a.outcome = meta & 3;
		if (meta & 4) { a.b = a.from + num(); a.c = a.b + num(); }
		l.items.push(a);
	}
	lanes.push(l);
}
function make(tag, attrs, parent, text) {
	var e = document.createElementNS(NS, tag), k;
	for (k in attrs) e.setAttribute(k, attrs[k]);
	if (text !== undefined) e.textContent = text;
	parent.appendChild(e);
	return e;
}
function time(u) {
	var us = u * unit;
	return us >= 1e6 ? (us / 1e6).toFixed(3) + ' s' : us >= 1e3 ? (us / 1e3).toFixed(us < 1e4 ? 2 : 1) + ' ms' : Math.round(us) + ' us';
}
var t0 = 0, t1 = wall, ticks = make('g', {'class': 'axis'}, svg), layer = make('g', {id: 'zoomed'}, svg);
var other = document.getElementById('active');
var box = other && make('rect', {'class': 'window', y: 10, height: 108, fill: '#8a93a0', 'fill-opacity': '0.25'}, other);
function x(t) { return left + (t - t0) / (t1 - t0) * wide; }
function draw() {
	var all = t0 <= 0 && t1 >= wall, paths = ['', '', '', '', '', '', ''], bad = '', labels = 0, step = 1, t;
	bars.setAttribute('display', all ? 'inline' : 'none');
	axis.setAttribute('display', all ? 'inline' : 'none');
	layer.textContent = ticks.textContent = '';
	if (box) {
		box.setAttribute('x', left + t0 / wall * wide);
		box.setAttribute('width', all ? 0 : Math.max(1, (t1 - t0) / wall * wide));
	}
	if (all) return;
	lanes.forEach(function (l, i) {
		var y = top + (i + 0.5) * high, last = [-9, -9, -9, -9, -9, -9, -9], end = l.go;
		function span(p, a, b) {
			if (b < t0 || a > t1 || b < a) return;
			var u = Math.max(left, x(a)), v = Math.min(left + wide, x(b));
			if (v - last[p] < 0.4 && v - u < 0.4) return;
			if (v - u < 0.6) v = u + 0.6;
			last[p] = v;
			paths[p] += 'M' + u.toFixed(1) + ' ' + y + 'H' + v.toFixed(1);
		}
		span(0, l.from, l.ready);
		if (l.go > l.ready) span(1, l.ready, l.go);
		l.items.forEach(function (a) {
			if (sampled && a.taken > end) span(6, end, a.taken);
			end = a.end;
			if (a.end < t0 || a.taken > t1) return;
			if (a.from > a.taken) span(2, a.taken, a.from);
			if (a.c) { span(3, a.from, a.b); span(4, a.b, a.c); span(3, a.c, a.to); } else span(3, a.from, a.to);
			if (a.end > a.to) span(5, a.to, a.end);
			if (a.outcome > 1 && a.end <= t1) bad += 'M' + x(a.end).toFixed(1) + ' ' + (y - Math.max(4, high / 2)) + 'v' + Math.max(8, high);
			var u = Math.max(left, x(a.from)), v = Math.min(left + wide, x(a.to)), text = a.task + ' ' + time(a.to - a.from);
			if (high >= 16 && v - u > 7.5 * text.length + 8 && labels++ < 300)
				make('text', {'class': 'on', x: u + 6, y: y + 4, fill: '#fff'}, layer, text);
		});
	});
	for (var p = 6; p >= 0; p--)
		if (paths[p]) {
			var e = make('path', {'class': 'p-' + cls[p], fill: 'none', 'stroke-width': Math.max(1, Math.floor(high * share[p] / 100)), d: paths[p]}, layer);
			if (p == 4) e.setAttribute('stroke-dasharray', '3 2');
			layer.insertBefore(e, layer.firstChild);
		}
	if (bad) {
		make('path', {'class': 'halo', 'stroke-width': 4, d: bad}, layer);
		make('path', {'class': 'bad', 'stroke-width': 2, d: bad}, layer);
	}
	while ((t1 - t0) * unit / step > 8) step *= /^[15]/.test(step) ? 2 : 2.5;
	for (t = Math.ceil(t0 * unit / step) * step; t <= t1 * unit; t += step) {
		var at = x(t / unit), digits = Math.max(0, 6 - Math.floor(Math.log10(step)));
		make('path', {'class': 'grid', 'stroke-width': 1, d: 'M' + at.toFixed(1) + ' ' + top + 'v' + lanes.length * high}, ticks);
		make('text', {'class': 'label', x: at, y: top + lanes.length * high + 17, 'text-anchor': at > left + wide - 30 ? 'end' : 'middle'}, ticks, (t / 1e6).toFixed(digits) + ' s');
	}
}
function view(a, b) {
	var least = Math.max(20, wall / 1e5), w = Math.min(wall, Math.max(least, b - a));
	t0 = Math.max(0, Math.min(wall - w, a));
	t1 = t0 + w;
	draw();
}
function zoom(f, t) { t = t === undefined ? (t0 + t1) / 2 : t; view(t - (t - t0) * f, t + (t1 - t) * f); }
function move(f) { var d = (t1 - t0) * f; view(t0 + d, t1 + d); }
var tools = document.createElement('p');
tools.className = 'tools';
[['zoom in', function () { zoom(0.5); }], ['zoom out', function () { zoom(2); }], ['\u25c0', function () { move(-0.25); }, 'earlier'],
	['\u25b6', function () { move(0.25); }, 'later'], ['all', function () { view(0, wall); }]].forEach(function (d) {
	var b = document.createElement('button');
	b.type = 'button';
	b.textContent = d[0];
	if (d[2]) b.setAttribute('aria-label', d[2]);
	b.addEventListener('click', d[1]);
	tools.appendChild(b);
});
tools.appendChild(document.createTextNode(' drag to move, Ctrl+wheel to zoom, keys + \u2212 \u2190 \u2192 Esc'));
svg.parentNode.parentNode.insertBefore(tools, svg.parentNode.nextSibling);
var tip = document.createElement('div'), drag = null;
tip.className = 'tip';
tip.hidden = true;
document.body.appendChild(tip);
function when(e) { var r = svg.getBoundingClientRect(), f = svg.viewBox.baseVal.width / r.width; return {t: t0 + ((e.clientX - r.left) * f - left) / wide * (t1 - t0), y: (e.clientY - r.top) * f, f: f}; }
svg.addEventListener('mousemove', function (e) {
	var w = when(e), l = lanes[Math.floor((w.y - top) / high)], near = (t1 - t0) / wide * 2, found;
	if (drag) { var d = (drag.x - e.clientX) * drag.f / wide * (drag.b - drag.a); view(drag.a + d, drag.b + d); return; }
	if (l) l.items.forEach(function (a) { if (w.t >= a.taken - near && w.t <= a.end + near && (!found || w.t >= a.taken)) found = a; });
	tip.hidden = !l || !(found || (w.t >= l.from && w.t <= l.go));
	if (tip.hidden) return;
	tip.textContent = found ? found.task + ' on ' + l.label + ', pid ' + l.pid + ': ' + says[found.outcome] + '\nqueue ' + time(found.from - found.taken) +
		', execute ' + time(found.to - found.from) + (found.c ? ' (blocked ' + time(found.c - found.b) + ')' : '') + ', fetch ' + time(found.end - found.to) +
		'\nfrom ' + time(found.from) + ' to ' + time(found.end) : l.label + ', pid ' + l.pid + ': connect ' + time(l.ready - l.from) + ', wait for start ' + time(l.go - l.ready);
	tip.style.left = Math.min(e.pageX + 14, document.documentElement.clientWidth - 330) + 'px';
	tip.style.top = e.pageY + 16 + 'px';
});
svg.addEventListener('mouseleave', function () { tip.hidden = true; });
svg.addEventListener('mousedown', function (e) { drag = {x: e.clientX, a: t0, b: t1, f: when(e).f}; e.preventDefault(); });
window.addEventListener('mouseup', function () { drag = null; });
svg.addEventListener('wheel', function (e) { if (e.ctrlKey) { e.preventDefault(); zoom(e.deltaY > 0 ? 1.25 : 0.8, when(e).t); } }, {passive: false});
svg.setAttribute('tabindex', '0');
svg.addEventListener('keydown', function (e) {
	var act = {'+': function () { zoom(0.5); }, '=': function () { zoom(0.5); }, '-': function () { zoom(2); }, ArrowLeft: function () { move(-0.25); },
		ArrowRight: function () { move(0.25); }, Escape: function () { view(0, wall); }}[e.key];
	if (act && !e.ctrlKey && !e.altKey && !e.metaKey) { act(); e.preventDefault(); }
});
var m = /^#t=([\d.]+),([\d.]+)$/.exec(location.hash);
if (m) view(m[1] * wall, m[2] * wall);
})();
